import type { GatewayError } from './errors.js'
import type { ReplyBody } from './reply.js'

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

  const resume = (): void => {
    if (!paused || waiting > highWaterMark / 2) return
    paused = false
    source.resume()
  }

  async function read(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = chunks.shift()
      if (chunk !== undefined) {
        waiting -= chunk.length
        resume()
        return chunk
      }
      if (failure !== undefined) throw failure
      if (ended) return undefined
      await arrival()
    }
  }

  async function collect(maxBytes: number): Promise<Buffer | undefined> {
    const whole: Buffer[] = []
    let length = 0
    for (;;) {
      const chunk = length > maxBytes ? undefined : await read()
      if (length > maxBytes) {
        chunks = [...whole, ...chunks]
        waiting += length
        return undefined
      }
      if (chunk === undefined) {
        const [only] = whole
        return whole.length === 1 && only !== undefined ? only : Buffer.concat(whole, length)
      }
      length += chunk.length
      whole.push(chunk)
    }
  }

  return {
    body: {
      read,
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
