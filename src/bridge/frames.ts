import { GatewayError } from '../domain/errors.js'
import type { Chunks, Reply } from '../domain/reply.js'
import { createEventSplitter, type EventFrame } from '../wire/event-stream.js'

/** The events of a reply, one by one. */
export interface Frames {
  /**
   * Undefined at the end.
   * @throws GatewayError where the upstream failed, or `upstream_invalid` for an event over the limit
   */
  next(): Promise<EventFrame | undefined>
  cancel(): void
}

export function framesOf({ body }: Reply, maxMessageBytes: number): Frames {
  const splitter = createEventSplitter()
  let frames: EventFrame[] = []
  let ended = false

  const refill = async (): Promise<void> => {
    const chunk = await body.read()
    if (chunk !== undefined) {
      frames = splitter.push(chunk)
      if (splitter.pendingBytes > maxMessageBytes) throw tooLong(body)
      return
    }
    ended = true
    const rest = splitter.flush()
    frames = rest === undefined ? [] : [rest]
  }

  return {
    next: async () => {
      for (;;) {
        const frame = frames.shift()
        if (frame !== undefined || ended) return frame
        await refill()
      }
    },
    cancel: () => body.cancel(),
  }
}

/**
 * The one message of a reply that is no stream.
 * @throws GatewayError `upstream_invalid` where it is over the limit
 */
export async function wholeText({ body }: Reply, maxMessageBytes: number): Promise<Buffer> {
  const text = await body.collect(maxMessageBytes)
  if (text === undefined) throw tooLong(body)
  return text
}

function tooLong(body: Chunks): GatewayError {
  body.cancel()
  return new GatewayError('upstream_invalid', 'A message of the upstream is too long')
}

/** Reads what is left of a body that has nothing more to say, so that its connection can be used again. */
export function drain(body: Chunks): void {
  const next = (): Promise<void> =>
    body.read().then((chunk) => (chunk === undefined ? undefined : next()))
  next().catch(() => undefined)
}

/** Whether a frame carries a message; bare comments and priming events do not. */
export function carriesMessage(frame: EventFrame): frame is EventFrame & { readonly data: Buffer } {
  return frame.data !== undefined && frame.data.length > 0
}

/** A comment and nothing else: a keep-alive. */
export function isComment({ raw }: EventFrame): boolean {
  return raw[0] === 0x3a
}
