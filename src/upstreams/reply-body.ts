import type { GatewayError } from '../domain/errors.js'
import type { ReplyBody } from '../domain/reply.js'

/** The writing end of a reply body: what the connection that reads the upstream calls. */
export interface BodyFeed {
  readonly body: ReplyBody
  push(chunk: Buffer): void
  end(): void
  fail(error: GatewayError): void
}

/** The connection underneath, as far as a body needs it. */
export interface BodySource {
  pause(): void
  resume(): void
  abort(): void
}

/** Bytes that may wait unread before the upstream is paused. */
const highWaterMark = 64 * 1024

/** A body that pauses its source while nobody reads, and wakes one reader at a time. */
export function createReplyBody(source: BodySource): BodyFeed {
  let chunks: Buffer[] = []
  let waiting = 0
  let ended = false
  let paused = false
  let failure: GatewayError | undefined
  let wake: (() => void) | undefined

  const notify = (): void => {
    const reader = wake
    wake = undefined
    reader?.()
  }

  const arrival = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })

  const take = (): Buffer[] => {
    const taken = chunks
    chunks = []
    waiting = 0
    if (paused) {
      paused = false
      source.resume()
    }
    return taken
  }

  async function* read(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        for (const chunk of take()) yield chunk
        if (chunks.length > 0) continue
        if (failure !== undefined) throw failure
        if (ended) return
        await arrival()
      }
    } finally {
      if (!ended) source.abort()
    }
  }

  async function collect(maxBytes: number): Promise<Buffer | undefined> {
    const whole: Buffer[] = []
    let length = 0
    for (;;) {
      for (const chunk of take()) {
        length += chunk.length
        whole.push(chunk)
      }
      if (length > maxBytes) {
        chunks = [...whole, ...chunks]
        waiting += length
        return undefined
      }
      if (failure !== undefined) throw failure
      if (ended) return whole.length === 1 && whole[0] ? whole[0] : Buffer.concat(whole, length)
      await arrival()
    }
  }

  return {
    body: {
      [Symbol.asyncIterator]: read,
      collect,
      cancel: () => {
        if (!ended) source.abort()
      },
    },
    push: (chunk) => {
      chunks.push(chunk)
      waiting += chunk.length
      if (waiting > highWaterMark && !paused) {
        paused = true
        source.pause()
      }
      notify()
    },
    end: () => {
      ended = true
      notify()
    },
    fail: (error) => {
      failure = error
      ended = true
      notify()
    },
  }
}
