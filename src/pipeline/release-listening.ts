import type { PipedAnswer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Reply } from '../domain/reply.js'
import { unjudged } from './admit.js'
import { enforces } from './judge.js'
import type { PipelineParts } from './parts.js'
import { piped, releaseStream } from './release.js'

/**
 * What comes back for a client that listens (GET): a stream whose messages meet the policy in force, one by one.
 * @throws GatewayError `upstream_invalid` in enforce mode for a body in which no message could be judged: clients take
 * it for an event stream whatever it is called
 */
export function releaseListening(reply: Reply, call: Call, parts: PipelineParts): PipedAnswer {
  if (reply.form === 'events' && reply.isReadable) {
    const openCall = parts.openCalls.resumed(call.session, call.headers['last-event-id'])
    const stream = { permitted: unjudged(call, undefined, ''), listening: true, openCall }
    return releaseStream(reply, stream, parts)
  }
  const isOpen = reply.status >= 200 && reply.status < 300
  const governs = enforces(parts.mode) && parts.policies.current().state === 'active'
  if (!isOpen || !governs) return piped(reply)
  reply.body.cancel()
  throw new GatewayError('upstream_invalid', 'The reply is not a plain event stream')
}
