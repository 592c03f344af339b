import { setImmediate } from 'node:timers/promises'
import type { ClassifyTool } from '../domain/action-class.js'
import type { Bundle } from '../domain/bundle.js'
import type { Decision, FaultCause, Hook, ListDecision } from '../domain/decision.js'
import { PolicySupplyError } from '../domain/errors.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Patterns, Policy } from '../domain/ports.js'
import { createJoinedPolicy, withExplanation } from './joined-policy.js'
import { openRego } from './open-rego.js'
import type { OwnCase } from './own-cases.js'
import type { PolicyOfParts } from './policy-parts.js'
import { preparePolicy, type PolicyLimits, type PreparedPolicy } from './prepare.js'
import { openRules } from './rules/open-rules.js'
import type { LargeInput } from './shown-input.js'

export interface PolicyParts {
  readonly revision: string
  readonly digest: string
  readonly limits: PolicyLimits
  readonly largeInput: LargeInput
  readonly patterns: Patterns
  /** What tools do, for rules about the tools of a list. */
  readonly classify: ClassifyTool
  /** Told once an evaluation of Rego how much fuel it took. */
  readonly meter?: (hook: Hook, fuel: number) => void
  /** Told of every error in a rule that may not block anything for it: a warning, an audit or a rule on trial. */
  readonly onRuleError?: (cause: FaultCause) => void
  /** What the policy has to have a decision for. */
  readonly cases?: readonly OwnCase[]
}

/**
 * Makes a bundle ready to decide, all in this thread.
 * @throws PolicySupplyError `compile` or `check`
 */
export async function compilePolicy(
  bundle: Bundle,
  parts: Omit<PolicyParts, 'revision' | 'digest'>,
): Promise<Policy> {
  const { revision, digest } = bundle
  const prepared = await preparePolicy(bundle, parts.limits)
  return openPolicy(prepared, { ...parts, revision, digest })
}

/**
 * Runs what was prepared, in another thread as a rule. Others get their turn all the while. Takes the pieces out of
 * `prepared`, which can be opened once (`reopenable`).
 * @throws PolicySupplyError `check`
 */
export async function openPolicy(prepared: PreparedPolicy, parts: PolicyParts): Promise<Policy> {
  const { rego, rules, limits } = prepared
  const opened = { ...parts, limits }
  const policy = joined(
    rego === undefined ? undefined : await openRego(rego, opened),
    rules === undefined ? undefined : await openRules(rules, opened),
  )
  for (const { name, input } of parts.cases ?? []) {
    if (!policy.hooks[input.hook]) continue
    checkCase(name, decide(policy, input))
    await setImmediate()
  }
  return policy
}

function joined(rego: Policy | undefined, rules: PolicyOfParts | undefined): Policy {
  if (rego === undefined) {
    if (rules === undefined) throw new TypeError('What was prepared has neither Rego nor rules')
    return rules
  }
  return rules === undefined ? withExplanation(rego) : createJoinedPolicy(rego, rules)
}

function decide(policy: Policy, input: PolicyInput): Decision | ListDecision {
  return input.hook === 'list' ? policy.list(input) : policy.evaluate(input)
}

function checkCase(name: string, decision: Decision | ListDecision): void {
  if (decision.effect !== 'deny' || decision.fault === undefined) return
  if (!shapeless.has(decision.fault)) return
  throw new PolicySupplyError(
    'check',
    `The policy has no decision for its own case "${name}": ${decision.reason}`,
  )
}

// What no input excuses: the policy does not say anything that could be followed.
const shapeless: ReadonlySet<string> = new Set([
  'undefined',
  'invalid_result',
  'conflict',
  'builtin',
])
