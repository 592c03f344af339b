import type { Call } from '../domain/call.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { aboutResponse, judge, record, type Verdict } from './judge.js'
import type { PipelineParts } from './parts.js'

/**
 * Judges a client's answer to a request of the server at post, under the method that it answers, and puts that on
 * record. `call` is the message that brought it.
 */
export async function judgeAnswer(
  answer: ResponseMessage,
  kind: string,
  { call, policy }: { readonly call: Call; readonly policy: Policy },
  parts: PipelineParts,
): Promise<Verdict> {
  const operation = { type: 'other', kind, params: undefined } as const
  const answering: Call = { ...call, message: answer, operation }
  const verdict = await judge(aboutResponse(answer, parts.describe(answering)), policy, parts)
  const judged = { verdict, hook: 'post', call: answering, sent: undefined } as const
  await record({ ...judged, bundleDigest: policy.digest, failOpen: false }, parts)
  return verdict
}
