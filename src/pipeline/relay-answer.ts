import type { Call } from '../domain/call.js'
import type { Policy } from '../domain/ports.js'
import type { ResponseMessage } from '../domain/message.js'
import { readMessage } from '../wire/message.js'
import { unjudged } from './admit.js'
import { declined } from './decline.js'
import { enforces } from './judge.js'
import { judgeAnswer } from './judge-answer.js'
import type { PipelineParts } from './parts.js'
import { comparableId } from './request-id.js'
import { showReply } from './shown-to-candidate.js'
import { openRelatedId } from './task-calls.js'

/** An answer of a client: the call as it was judged, and as it may go on. */
export interface AdmittedAnswer {
  readonly judged: Call
  readonly sent: Call
}

/**
 * A client's answer to a request of the server: judged at post under the method of the request that it answers,
 * `unsolicited` where none is known. A refused one reaches the server as a decline or an error.
 */
export async function admitAnswer(
  call: Call,
  answer: ResponseMessage,
  policy: Policy,
  parts: PipelineParts,
): Promise<AdmittedAnswer> {
  const kind = parts.serverRequests.take(call.session, comparableId(answer.id)) ?? 'unsolicited'
  const message = withUpstreamsIds(answer, call, parts)
  const judged: Call = {
    ...call,
    message,
    operation: { type: 'other', kind, params: undefined },
  }
  if (!policy.hooks.post) {
    showReply(message.text, unjudged(judged, policy, ''), parts)
    return { judged, sent: judged }
  }
  const { decision, text } = await judgeAnswer(message, judged, policy, parts)
  if (!enforces(parts.mode)) return { judged, sent: judged }
  const awaits = message.members.has('task') ? 'task' : kind
  const sent = decision.effect === 'allow' ? text : declined(message.id, awaits, decision.reason)
  return {
    judged,
    sent: sent === message.text ? judged : { ...judged, message: readMessage(sent) },
  }
}

function withUpstreamsIds(answer: ResponseMessage, call: Call, parts: PipelineParts) {
  const text = openRelatedId(answer.text, answer.members, call, parts)
  return text === answer.text ? answer : (readMessage(text) as ResponseMessage)
}
