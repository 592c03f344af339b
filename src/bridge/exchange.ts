import { setTimeout as pause } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import type { BridgeParts } from './bridge-parts.js'
import { createCancellation } from './cancellation.js'
import { carriesMessage, drain, framesOf, isComment, wholeText } from './frames.js'
import { createMailbox } from './mailbox.js'
import { notificationText, readUpstreamMessage } from './messages.js'
import type { ServerSession } from './server-session.js'

/** One call of a modern client under way at a legacy server. */
export interface Exchange {
  start(session: ServerSession, call: Call): void
  /** Something that the server said on its own stream, and that can only be meant for this call. */
  hear(message: Message): void
  /** The next thing that came. Whoever does not take it makes the server wait. */
  take(): Promise<Incoming>
  /** Whether more has come already. */
  readonly hasMore: boolean
  /** Tells the server that nobody waits any more. */
  cancel(): void
}

export type Incoming =
  | { readonly type: 'message'; readonly message: Message }
  /** A sign of life. */
  | { readonly type: 'comment'; readonly raw: Buffer }
  /** A reply that is neither a message nor a stream. */
  | { readonly type: 'reply'; readonly reply: Reply }
  /** The server does not know the session any more; it has not looked at the call. */
  | { readonly type: 'lost' }
  | { readonly type: 'failed'; readonly error: GatewayError }

/** Of what the server says on its own stream, as long as nothing of it is taken. */
const heardAtMost = 100
const heardBytesAtMost = 1024 * 1024
const resumedAtMost = 10
const retryMs = 1_000
const longestRetryMs = 30_000

/** @param id of the call as it is spelled */
export function createExchange(id: string, { upstream, limits }: BridgeParts): Exchange {
  const mailbox = createMailbox<Incoming>()
  const cancellation = createCancellation()
  let heardBytes = 0
  let place: { readonly session: ServerSession; readonly call: Call } | undefined

  const put = async (incoming: Incoming): Promise<void> => {
    mailbox.put(incoming)
    await mailbox.emptied()
  }

  /** Puts in what streams. Gives whether the response was among it, or the event after which it broke off. */
  const relay = async (reply: Reply): Promise<'answered' | BrokenOff> => {
    let broken: BrokenOff = { eventId: undefined, waitMs: retryMs }
    const frames = framesOf(reply, limits.maxMessageBytes)
    for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
      broken = { eventId: frame.id ?? broken.eventId, waitMs: retryIn(frame.raw) ?? broken.waitMs }
      if (carriesMessage(frame)) {
        const message = readUpstreamMessage(frame.data)
        await put({ type: 'message', message })
        if (message.form !== 'response') continue
        drain(reply.body)
        return 'answered'
      } else if (isComment(frame)) await put({ type: 'comment', raw: frame.raw })
    }
    return broken
  }

  /** A server may end the stream of a call and go on where its client comes back. */
  const follow = async (session: ServerSession, call: Call, first: Reply): Promise<void> => {
    let reply = first
    for (let times = 0; times < resumedAtMost && reply.form === 'events'; times += 1) {
      const left = await relay(reply)
      if (left === 'answered') return
      if (left.eventId === undefined || cancellation.happened) break
      await pause(left.waitMs, undefined, { ref: false })
      const headers = { ...call.headers, 'last-event-id': left.eventId }
      reply = await upstream.listen({ session: session.session, headers }, cancellation.line())
    }
    reply.body.cancel()
    throw new GatewayError('upstream_unavailable', 'The stream ended without an answer')
  }

  const feed = async (session: ServerSession, call: Call): Promise<void> => {
    const reply = await upstream.send(call, cancellation.line())
    if (reply.status === 404 && session.session !== undefined) {
      drain(reply.body)
      await put({ type: 'lost' })
    } else if (reply.form === 'events') await follow(session, call, reply)
    else if (reply.form === 'json' && reply.isReadable) {
      const text = await wholeText(reply, limits.maxMessageBytes)
      await put({ type: 'message', message: readUpstreamMessage(text) })
    } else await put({ type: 'reply', reply })
  }

  return {
    start: (session, call) => {
      place = { session, call }
      feed(session, call).catch((thrown: unknown) => {
        mailbox.put({ type: 'failed', error: asGatewayError(thrown) })
      })
    },
    hear: (message) => {
      if (mailbox.size === 0) heardBytes = 0
      if (mailbox.size >= heardAtMost || heardBytes > heardBytesAtMost) return
      heardBytes += message.text.length
      mailbox.put({ type: 'message', message })
    },
    take: () => mailbox.take(),
    get hasMore() {
      return mailbox.size > 0
    },
    cancel: () => {
      if (cancellation.happened) return
      place?.session.tell(notificationText('notifications/cancelled', `{"requestId":${id}}`))
      cancellation.cancel()
    },
  }
}

interface BrokenOff {
  readonly eventId: string | undefined
  readonly waitMs: number
}

/** What a server says of how soon to come back. */
function retryIn(raw: Buffer): number | undefined {
  const said = /^retry: ?(\d{1,9})$/m.exec(raw.toString('latin1', 0, 1024))?.[1]
  return said === undefined ? undefined : Math.min(Number(said), longestRetryMs)
}
