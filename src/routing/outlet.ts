import { createReplyBody } from '../domain/reply-body.js'
import type { GatewayError } from '../domain/errors.js'
import type { Chunks } from '../domain/reply.js'
import { writeEvent } from '../wire/event-stream.js'

/** One event stream to the client that several servers write. */
export interface Outlet {
  readonly chunks: Chunks
  write(frame: Buffer): void
  /** A message as an event of its own. */
  say(message: Buffer): void
  /** Resolves when the client has taken enough of what was written: whoever writes waits for it before the next. */
  ready(): Promise<void>
  end(): void
  fail(error: GatewayError): void
}

/** @param cancel what to do where the client does not want the rest */
export function createOutlet(cancel: () => void): Outlet {
  let full: Promise<void> | undefined
  let empty: () => void = () => undefined
  const open = (): void => {
    full = undefined
    empty()
  }
  const feed = createReplyBody({
    pause: () => {
      full = new Promise((resolve) => {
        empty = resolve
      })
    },
    resume: open,
    abort: () => {
      open()
      cancel()
    },
  })
  return {
    chunks: feed.body,
    write: (frame) => feed.push(frame),
    say: (message) => feed.push(writeEvent(message)),
    ready: () => full ?? Promise.resolve(),
    end: () => {
      open()
      feed.end()
    },
    fail: (error) => {
      open()
      feed.fail(error)
    },
  }
}
