import type { ListDecision } from '../domain/decision.js'
import type { FileReport } from '../domain/explanation.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { Said } from './combine.js'

/**
 * A policy of several that judge by themselves. Who combines it with others asks for what each of them says: duties that
 * were combined once cannot be combined with more.
 */
export interface PolicyOfParts extends Policy {
  /** None where nobody has anything to say. Not for the hook `list`. Never throws. */
  said(input: PolicyInput): readonly Said[]
  /** Never throws. */
  saidOfList(input: PolicyInput): readonly Said<ListDecision>[]
  /** One of each that was asked, whether it had anything to say or not; nobody decides yet. */
  reports(input: PolicyInput): readonly FileReport[]
}

export function isOfParts(policy: Policy): policy is PolicyOfParts {
  return 'said' in policy
}

/** What a policy says that is one thing. */
export function reportOf(name: string, policy: Policy, input: PolicyInput): FileReport {
  const { effect, reason, rules } =
    input.hook === 'list' ? policy.list(input) : policy.evaluate(input)
  return {
    name,
    layer: 'organisation',
    effect,
    decides: false,
    byDefault: false,
    rules: rules.map((id) => ({
      id,
      place: '',
      effect,
      mode: 'enforce',
      outcome: 'holds',
      reason,
      when: undefined,
      values: [],
      error: undefined,
    })),
  }
}
