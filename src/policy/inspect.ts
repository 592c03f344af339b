import type { Bundle, Layer } from '../domain/bundle.js'
import { policyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { openPolicy } from './compile.js'
import type { OwnCase } from './own-cases.js'
import { createPatterns } from './patterns.js'
import { preparePolicy, type PolicyLimits } from './prepare.js'
import type { RuleWarning } from './rules/read-rules.js'
import type { Rule, RuleFile } from './rules/rule.js'
import { sampleCall } from './sample-calls.js'

/** What there is to know about a policy before it is used. */
export interface PolicyInspection {
  readonly entrypoints: readonly string[]
  readonly builtins: readonly string[]
  /** Undefined where the bundle has no Rego. */
  readonly abi: string | undefined
  readonly rules: readonly InspectedRules[]
  /** What the author of the rules should know of them. */
  readonly ruleWarnings: readonly RuleWarning[]
  readonly warnings: readonly string[]
}

/** One file of rules. */
export interface InspectedRules {
  readonly name: string
  readonly layer: Layer
  /** By id. */
  readonly rules: readonly InspectedRule[]
}

export interface InspectedRule extends Pick<Rule, 'id' | 'hook' | 'mode'> {
  readonly effect: Rule['action']['effect']
}

/**
 * Loads the policy as a gateway does, its own cases included.
 * @throws PolicySupplyError as `compilePolicy` does
 */
export async function inspectPolicy(
  bundle: Bundle,
  cases: readonly OwnCase[] = [],
): Promise<PolicyInspection> {
  const { revision, digest } = bundle
  const prepared = await preparePolicy(bundle, limits)
  const patterns = createPatterns()
  const classify = () => 'unknown' as const
  const parts = { revision, digest, limits, largeInput, patterns, classify, cases }
  const policy = await openPolicy(prepared, parts)
  const module = prepared.rego?.module
  return {
    entrypoints: Object.keys(module?.entrypoints ?? {}).sort(),
    builtins: Object.keys(module?.builtins ?? {}).sort(),
    abi: module?.abi,
    rules: (prepared.rules?.files ?? []).map(inspected),
    ruleWarnings: prepared.ruleWarnings,
    warnings: handshakeWarnings(policy),
  }
}

function inspected({ name, layer, rules }: RuleFile): InspectedRules {
  const byId = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    name,
    layer,
    rules: byId.map(({ id, hook, mode, action: { effect } }) => ({ id, hook, mode, effect })),
  }
}

const limits: PolicyLimits = { maxInputBytes: 1 << 20, budgetMs: 25 }

const largeInput = { calls: 'deny', responses: 'deny' } as const

/** What keeps clients out before they get as far as a call. */
export function handshakeWarnings(policy: Policy): readonly string[] {
  return handshake.flatMap((method) => warningAbout(policy, method))
}

// Without these no client gets as far as a call, whoever it is for.
const handshake = ['initialize', 'notifications/initialized', 'ping'] as const

function warningAbout(policy: Policy, method: string): readonly string[] {
  const call = sampleCall(method)
  const decision = policy.evaluate(policyInput({ call, hook: 'pre', time: 0, inputHeaders: 'all' }))
  if (decision.effect === 'allow') return []
  const answer = decision.reason === '' ? decision.effect : `${decision.effect}: ${decision.reason}`
  const who = decision.engine === 'rules' ? decision.rules.join(', ') : 'mcp/pre'
  return [
    `${who} does not pass ${method} for an anonymous user (${answer}): clients cannot connect`,
  ]
}
