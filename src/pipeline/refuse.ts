import type { Allow, Ask, Decision, Deny, DryRun, Hook } from '../domain/decision.js'
import type { Call } from '../domain/call.js'
import { GatewayError, type RefusalDetail } from '../domain/errors.js'
import type { Permitted } from './admit.js'
import type { Verdict } from './judge.js'

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

/**
 * What the post-hook leaves of a response.
 * @throws GatewayError a refusal; the call itself was carried out
 */
export function leftOf({ decision, decisionId, text }: Verdict): Buffer {
  switch (decision.effect) {
    case 'allow':
    case 'dry_run':
      return text
    case 'ask':
    case 'deny':
      throw refusal(decision, decisionId, { forwarded: true })
  }
}

/** What refuses that of which a rehearsal would be no use: a dry run of it is a refusal. */
export function unrehearsed(decision: Exclude<Decision, Allow>): Ask | Deny {
  return decision.effect === 'dry_run' ? asDeny(decision) : decision
}

function asDeny({ engine, rules, revision, warnings, labels, trial, reason }: DryRun): Deny {
  return {
    engine,
    rules,
    revision,
    warnings,
    labels,
    trial,
    effect: 'deny',
    code: 'policy_deny',
    reason,
    remedy: '',
    retryAfterSec: undefined,
    fault: undefined,
  }
}

/** The same fault as its caller is told of it: the call was carried out, and its result is withheld. */
export function withheld(fault: GatewayError, decisionId: string, revision: string): GatewayError {
  return explained(fault, { decisionId, revision, forwarded: true })
}

/** What stops a message whose decision could not be put on record. */
export function unrecorded(
  thrown: unknown,
  { decisionId, revision, hook, call }: Unrecorded,
): unknown {
  if (!(thrown instanceof GatewayError)) return thrown
  const comesBack = hook === 'post' || call.direction === 'to_client'
  const forwarded = comesBack && call.message.form !== 'response'
  return explained(thrown, { decisionId, revision, forwarded })
}

export interface Unrecorded {
  readonly decisionId: string
  readonly revision: string
  readonly hook: Hook
  readonly call: Call
}

/** What failed after the call was admitted, as its caller is told of it. */
export function afterAdmission(error: GatewayError, permitted: Permitted): GatewayError {
  if (error.detail !== undefined || error.code === 'internal') return error
  const revision = permitted.policy?.revision ?? ''
  return explained(error, {
    decisionId: permitted.decisionId,
    revision,
    forwarded: error.reached !== 'nobody',
  })
}

function explained(
  fault: GatewayError,
  known: Pick<RefusalDetail, 'decisionId' | 'revision' | 'forwarded'>,
): GatewayError {
  return new GatewayError(fault.code, fault.message, {
    cause: fault,
    detail: { ...known, reason: fault.message, rule: '', remedy: '', retryAfterSec: undefined },
  })
}
