import type { GatewayError } from '../domain/errors.js'
import type { ReplyBody } from '../domain/reply.js'
import { createReplyBody } from '../domain/reply-body.js'
import { writeEvent } from '../wire/event-stream.js'

/** The writing end of an event stream that knows how far its reader is behind. */
export interface EventFeed {
  readonly body: ReplyBody
  /** @returns false where too much was waiting already */
  push(message: Buffer): boolean
  end(): void
  fail(error: GatewayError): void
}

export interface EventFeedParts {
  /** The reader has taken most of what was waiting. */
  readonly caughtUp: () => void
  /** The reader does not want the rest. */
  readonly left: () => void
}

/** Bytes that may wait for a client that does not read; one message may always be more. */
const maxWaitingBytes = 4 * 1024 * 1024

export function createEventFeed({ caughtUp, left }: EventFeedParts): EventFeed {
  let waiting = 0
  const ignore = (): void => undefined
  const feed = createReplyBody({ pause: ignore, resume: ignore, abort: left })
  const taken = (bytes: number): void => {
    const wasBehind = waiting > maxWaitingBytes / 2
    waiting -= bytes
    if (wasBehind && waiting <= maxWaitingBytes / 2) caughtUp()
  }
  return {
    body: {
      async read() {
        const chunk = await feed.body.read()
        taken(chunk?.length ?? 0)
        return chunk
      },
      async collect(maxBytes) {
        const whole = await feed.body.collect(maxBytes)
        taken(whole?.length ?? 0)
        return whole
      },
      cancel: () => feed.body.cancel(),
    },
    push(message) {
      const isInTime = waiting <= maxWaitingBytes
      const event = writeEvent(message)
      waiting += event.length
      feed.push(event)
      return isInTime
    },
    end: () => feed.end(),
    fail: (error) => feed.fail(error),
  }
}
