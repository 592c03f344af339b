import type { GatewayError } from '../domain/errors.js'
import { eventsReply, jsonReply } from '../domain/local-reply.js'
import type { Reply } from '../domain/reply.js'
import { createReplyBody, type BodyFeed } from '../domain/reply-body.js'
import { writeEvent } from '../wire/event-stream.js'

/** A reply whose form shows only with time: one JSON message, or an event stream once anything comes before it. */
export interface LateReply {
  readonly reply: Promise<Reply>
  /** A message that comes before the answer. */
  note(message: Buffer): void
  /** A comment of an event stream: it shows that the other end still lives. */
  comment(raw: Buffer): void
  /** The answer; `status` counts only where nothing came before it. */
  finish(message: Buffer, status?: number): void
  /** Somebody else's reply in place of an answer; on a stream, its end without one. */
  finishWith(reply: Reply): void
  /** The end without an answer: nobody waits for one any more. */
  abandon(): void
  fail(error: GatewayError): void
  /** The reader does not take what was written. */
  readonly isFull: boolean
  /** Resolves when the reader has taken what was written. */
  room(): Promise<void>
}

/** @param cancelled the reader does not want the rest */
export function createLateReply(cancelled: () => void): LateReply {
  let settle: (reply: Reply) => void = () => undefined
  let refuse: (error: GatewayError) => void = () => undefined
  const reply = new Promise<Reply>((resolve, reject) => {
    settle = resolve
    refuse = reject
  })
  let feed: BodyFeed | undefined
  let over = false
  const gate = createGate()

  const stream = (): BodyFeed => {
    if (feed !== undefined) return feed
    feed = createReplyBody({ pause: gate.shut, resume: gate.open, abort: leave })
    settle(eventsReply(feed.body))
    return feed
  }
  /** Whoever waits for room must not wait for a reader that has left. */
  const leave = (): void => {
    over = true
    gate.open()
    cancelled()
  }
  const end = (last: () => void): void => {
    if (over) return
    over = true
    last()
    feed?.end()
    gate.open()
  }

  return {
    reply,
    note: (message) => {
      if (!over) stream().push(writeEvent(message))
    },
    comment: (raw) => {
      if (!over) stream().push(raw)
    },
    finish: (message, status = 200) =>
      end(() => {
        if (feed === undefined) settle(jsonReply(message, status))
        else feed.push(writeEvent(message))
      }),
    finishWith: (other) =>
      end(() => {
        if (feed === undefined) settle(other)
        else other.body.cancel()
      }),
    abandon: () => end(() => void stream()),
    fail: (error) => {
      if (over) return
      over = true
      if (feed === undefined) refuse(error)
      else feed.fail(error)
      gate.open()
    },
    get isFull() {
      return gate.isShut
    },
    room: gate.passed,
  }
}

function createGate() {
  let waiting: (() => void) | undefined
  let passage: Promise<void> | undefined
  return {
    get isShut() {
      return passage !== undefined
    },
    shut: () => {
      passage ??= new Promise((resolve) => (waiting = resolve))
    },
    open: () => {
      waiting?.()
      waiting = undefined
      passage = undefined
    },
    passed: () => passage ?? Promise.resolve(),
  }
}
