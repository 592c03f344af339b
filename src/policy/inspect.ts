import type { Bundle } from '../domain/bundle.js'
import { policyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { compilePolicy } from './compile.js'
import { createPatterns } from './patterns.js'
import { compileRego } from './rego.js'
import { sampleCall } from './sample-calls.js'

/** What there is to know about a policy before it is used. */
export interface PolicyInspection {
  readonly entrypoints: readonly string[]
  readonly builtins: readonly string[]
  readonly abi: string
  readonly warnings: readonly string[]
}

/** @throws PolicySupplyError as `compilePolicy` does */
export async function inspectPolicy(bundle: Bundle): Promise<PolicyInspection> {
  const { entrypoints, builtins, abi } = await compileRego(bundle.wasm)
  const policy = await compilePolicy(bundle, { patterns: createPatterns(), maxInputBytes: 1 << 20 })
  const warnings = handshake.flatMap((method) => warningAbout(policy, method))
  return { entrypoints, builtins, abi, warnings }
}

// Without these no client gets as far as a call, whoever it is for.
const handshake = ['initialize', 'notifications/initialized', 'ping'] as const

function warningAbout(policy: Policy, method: string): readonly string[] {
  const call = sampleCall(method)
  const decision = policy.evaluate(policyInput({ call, hook: 'pre', time: 0, inputHeaders: 'all' }))
  if (decision.effect === 'allow') return []
  const answer = decision.reason === '' ? decision.effect : `${decision.effect}: ${decision.reason}`
  return [
    `mcp/pre does not pass ${method} for an anonymous user (${answer}): clients cannot connect`,
  ]
}
