import type { GatewayError } from '../domain/errors.js'
import { policyError, record, unruled } from './judge.js'
import type { PipelineParts } from './parts.js'
import { withheld } from './refuse.js'
import type { Judging } from './judging.js'

/** Puts on record that a reply could not be judged; gives the error that its caller is told. */
export async function withhold(
  fault: GatewayError,
  { call, policy }: Judging,
  parts: PipelineParts,
): Promise<GatewayError> {
  const decisionId = parts.newId()
  const ruling = { ...unruled, revision: policy.revision }
  await record(
    {
      verdict: { decisionId, decision: policyError(ruling, 'input', fault.message), evalUs: 0 },
      hook: 'post',
      call,
      sent: undefined,
      bundleDigest: policy.digest,
      failOpen: false,
    },
    parts,
  )
  return withheld(fault, decisionId, policy.revision)
}
