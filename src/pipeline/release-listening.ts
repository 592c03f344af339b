import type { PipedAnswer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Chunks, Reply } from '../domain/reply.js'
import { unjudged } from './admit.js'
import { enforces } from './judge.js'
import { silentStream } from './list-stream.js'
import { subscription, tellingOf } from './list-telling.js'
import type { PipelineParts } from './parts.js'
import type { MessageStream } from './release-message.js'
import { piped, releaseStream } from './release-stream.js'

/**
 * What comes back for a client that listens (GET): a stream whose messages meet the policy in force, one by one.
 * @throws GatewayError `upstream_invalid` in enforce mode for a body in which no message could be judged: clients take
 * it for an event stream whatever it is called
 */
export async function releaseListening(
  reply: Reply,
  call: Call,
  hangUp: HangUp,
  parts: PipelineParts,
): Promise<PipedAnswer> {
  if (reply.form === 'events' && reply.isReadable) {
    const openCall = parts.openCalls.resumed(call.session, call.headers['last-event-id'])
    const stream = { permitted: unjudged(call, undefined, ''), listening: true, openCall }
    const answer = releaseStream(reply, stream, parts)
    // What is resumed of a call belongs to that call.
    return openCall === undefined ? told(answer, call, parts) : answer
  }
  if (await isOwnToOpen(reply, call, parts)) return told(silent(hangUp), call, parts)
  const isOpen = reply.status >= 200 && reply.status < 300
  const governs = enforces(parts.mode) && parts.policies.current().state === 'active'
  if (!isOpen || !governs) return piped(reply)
  reply.body.cancel()
  throw new GatewayError('upstream_invalid', 'The reply is not a plain event stream')
}

/** The reply to a `subscriptions/listen`. */
export function releaseSubscription(
  reply: Reply,
  stream: MessageStream,
  parts: PipelineParts,
): PipedAnswer {
  const { call } = stream.permitted
  if (!enforces(parts.mode) || call.message.form !== 'request') {
    return releaseStream(reply, stream, parts)
  }
  const telling = subscription(call, call.message, parts)
  const answer = releaseStream(reply, { ...stream, subscription: telling }, parts)
  return { ...answer, chunks: telling.over(answer.chunks) }
}

/** The stream, and on it what the gateway itself told this client that it will hear of. */
function told(answer: PipedAnswer, call: Call, parts: PipelineParts): PipedAnswer {
  if (!enforces(parts.mode)) return answer
  const { lists } = parts.listChanges.announcedTo(call)
  const over = (chunks: Chunks): Chunks => tellingOf(call, lists, parts).over(chunks)
  return lists.length === 0 ? answer : { ...answer, chunks: over(answer.chunks) }
}

/** Longest reply without a stream that is read to its end, bytes. */
const longestRefusal = 64 * 1024

/** Whether the server offers no stream, and the gateway promised what can only come on one. */
async function isOwnToOpen(reply: Reply, call: Call, parts: PipelineParts): Promise<boolean> {
  if (reply.status !== 405 || !enforces(parts.mode)) return false
  if (parts.listChanges.announcedTo(call).own.length === 0) return false
  return (await reply.body.collect(longestRefusal)) !== undefined
}

function silent(hangUp: HangUp): PipedAnswer {
  const headers = [
    ['content-type', 'text/event-stream'],
    ['cache-control', 'no-cache'],
  ] as const
  return { type: 'piped', status: 200, headers, chunks: silentStream(hangUp) }
}
