import { GatewayError } from '../domain/errors.js'
import { enforces } from './judge.js'
import type { Judging } from './judging.js'
import type { PipelineParts } from './parts.js'
import { withhold } from './withhold.js'

/**
 * A result may not go on where policy would have to know the call that it answers, and nobody does: it came for a call
 * that was forgotten, or that another process forwarded.
 * @throws GatewayError `upstream_invalid` in enforce mode
 */
export async function refuseUnknownCall(judging: Judging, parts: PipelineParts): Promise<void> {
  if (judging.policy.needsCall !== true) return
  const fault = new GatewayError('upstream_invalid', 'The result answers no call that is known')
  const told = await withhold(fault, judging, parts)
  if (enforces(parts.mode)) throw told
}

/** Whether a reply that is judged under this kind is one whose call is not known. */
export function isOfUnknownCall({ call: { operation, direction } }: Judging): boolean {
  if (operation.kind === 'tasks/result') return true
  return operation.kind === 'unsolicited' && direction === 'to_client'
}
