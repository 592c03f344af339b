import type { HangUp } from '../domain/hang-up.js'
import { eventsReply } from '../domain/local-reply.js'
import type { Reply } from '../domain/reply.js'
import { createEventFeed, type EventFeed } from './stdio-event-feed.js'
import { unavailable } from './stdio-failures.js'

/** The one stream on which a client listens to what belongs to none of its requests. */
export interface Listener {
  readonly isOpen: boolean
  /** Opens it; the one before it must be closed. */
  open(hangUp: HangUp): Reply
  deliver(text: Buffer): void
  close(): void
}

/** A client that does not read loses its stream, and nothing else: it may open another. */
export function createListener(closed: () => void): Listener {
  let feed: EventFeed | undefined

  const leave = (how: (feed: EventFeed) => void): void => {
    if (feed === undefined) return
    how(feed)
    feed = undefined
    closed()
  }
  const close = (): void => leave((left) => left.end())

  return {
    get isOpen() {
      return feed !== undefined
    },
    open(hangUp) {
      const closeThis = (): void => {
        if (feed === opened) close()
      }
      const opened = createEventFeed({ caughtUp: () => undefined, left: closeThis })
      feed = opened
      hangUp.notify(closeThis)
      return eventsReply(opened.body)
    },
    deliver(text) {
      if (feed === undefined || feed.push(text)) return
      leave((left) => left.fail(unavailable('The client does not read its stream')))
    },
    close,
  }
}
