import type { Call } from '../domain/call.js'
import { strictness, type Decision } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import { targetOf, type Operation } from '../domain/operation.js'
import { inputAt } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { impliedOperations } from './implied-operations.js'
import { policyError } from './judge.js'
import type { PipelineParts } from './parts.js'

/**
 * The stricter of what was decided about a call and what policy says of all that it does through other methods. There
 * only effects count.
 */
export function withImplied(
  decided: Decision,
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Decision {
  try {
    return strictest(decided, impliedOperations(call), call, policy, parts)
  } catch (thrown) {
    return unreadable(decided, thrown)
  }
}

/** The strictest of `decided` and what policy says of these operations, in the circumstances of the call. */
export function strictest(
  decided: Decision,
  operations: readonly Operation[],
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Decision {
  let decision = decided
  for (const operation of operations) {
    if (decision.effect === 'deny') return decision
    const described = parts.describe({ ...call, operation })
    const implied = policy.evaluate(inputAt(described, { hook: 'pre', time: parts.now() }))
    if (strictness[implied.effect] > strictness[decision.effect]) {
      decision = { ...implied, warnings: [...implied.warnings, judgedAs(operation)] }
    }
  }
  return decision
}

/** Whatever names something that cannot be read without doubt is a policy error. Throws what is no fault of the message. */
export function unreadable(decided: Decision, thrown: unknown): Decision {
  if (!(thrown instanceof GatewayError)) throw thrown
  return policyError(decided, 'input', thrown.message)
}

/** For whoever wonders why a rule about another text or method has decided. */
function judgedAs(operation: Operation): string {
  return `judged as ${operation.kind} of ${targetOf(operation)?.name ?? ''}`
}
