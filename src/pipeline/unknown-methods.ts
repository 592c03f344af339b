import type { Call } from '../domain/call.js'
import type { Deny } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import { methodRow } from '../wire/methods.js'
import { enforces, record, unruled, type Verdict } from './judge.js'
import type { PipelineParts } from './parts.js'
import { refusal } from './refuse.js'

/**
 * Whether a method that no known revision of the protocol has is refused, as the configuration says. Like everything
 * that refuses, only in enforce mode.
 */
export function isRefused(method: string, { mode, unknownMethods }: PipelineParts): boolean {
  return unknownMethods === 'deny' && enforces(mode) && methodRow(method) === undefined
}

/** What is decided about an unknown method: by the configuration, whatever policy would say. */
export const unknownMethod: Deny = {
  ...unruled,
  effect: 'deny',
  code: 'policy_deny',
  reason: 'unknown_method',
  remedy: '',
  retryAfterSec: undefined,
  fault: undefined,
}

export function unknownVerdict({ text }: Message, { newId }: PipelineParts): Verdict {
  return { decisionId: newId(), decision: unknownMethod, text, evalUs: 0 }
}

/**
 * Refuses a call of an unknown method, after it was put on record.
 * @throws GatewayError `method_not_found`, `log_unavailable`
 */
export async function refuseUnknown(call: Call, parts: PipelineParts): Promise<never> {
  const verdict = unknownVerdict(call.message, parts)
  const { decisionId } = verdict
  await record(
    { verdict, hook: 'pre', call, sent: undefined, bundleDigest: '', failOpen: false },
    parts,
  )
  const { detail } = refusal(unknownMethod, decisionId, { forwarded: false })
  throw new GatewayError('method_not_found', 'Method not found', {
    ...(detail === undefined ? {} : { detail }),
    inBand: call.era === 'legacy',
  })
}
