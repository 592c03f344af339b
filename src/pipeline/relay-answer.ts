import type { Call } from '../domain/call.js'
import type { Policy } from '../domain/ports.js'
import type { ResponseMessage } from '../domain/message.js'
import { readMessage } from '../wire/message.js'
import { declined } from './decline.js'
import { aboutResponse, enforces, judge, record } from './judge.js'
import type { PipelineParts } from './parts.js'
import { comparableId } from './request-id.js'

/**
 * A client's answer to a request of the server, as it may go on: judged at post under the method of the request that
 * it answers, `unsolicited` where none is known. A refused one reaches the server as a decline or an error.
 */
export async function admitAnswer(
  call: Call,
  message: ResponseMessage,
  policy: Policy,
  parts: PipelineParts,
): Promise<Call> {
  const kind = parts.serverRequests.take(call.session, comparableId(message.id)) ?? 'unsolicited'
  const answer: Call = { ...call, operation: { type: 'other', kind, params: undefined } }
  if (!policy.hooks.post) return answer
  const verdict = await judge(aboutResponse(message, parts.describe(answer)), policy, parts)
  const bundleDigest = policy.digest
  await record(
    { verdict, hook: 'post', call: answer, sent: undefined, bundleDigest, failOpen: false },
    parts,
  )
  if (!enforces(parts.mode)) return answer
  const { decision } = verdict
  const text =
    decision.effect === 'allow' ? verdict.text : declined(message.id, kind, decision.reason)
  return text === message.text ? answer : { ...answer, message: readMessage(text) }
}
