import type { Call } from '../domain/call.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { aboutResponse, judge, record, type Verdict } from './judge.js'
import type { PipelineParts } from './parts.js'

/**
 * Judges a client's answer to a request of the server at post, and puts that on record. `call` carries the answer, and
 * its kind is the method that is answered.
 */
export async function judgeAnswer(
  answer: ResponseMessage,
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Promise<Verdict> {
  const verdict = await judge(aboutResponse(answer, parts.describe(call)), policy, parts)
  const judged = { verdict, hook: 'post', call, sent: undefined } as const
  await record({ ...judged, bundleDigest: policy.digest, failOpen: false }, parts)
  return verdict
}
