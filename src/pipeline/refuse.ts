import type { Ask, Deny } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'

/** The error that tells a caller of a refusal. */
export function refusal(
  decision: Ask | Deny,
  decisionId: string,
  { forwarded }: { forwarded: boolean },
): GatewayError {
  const code = decision.effect === 'ask' ? 'approval_required' : decision.code
  return new GatewayError(code, code, {
    detail: {
      reason: decision.reason,
      rule: decision.rules[0] ?? '',
      decisionId,
      revision: decision.revision,
      forwarded,
      remedy: decision.remedy,
      // A call that was already carried out must not be invited to come again.
      retryAfterSec: decision.effect === 'deny' && !forwarded ? decision.retryAfterSec : undefined,
    },
  })
}
