import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { policyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { openPolicy } from './compile.js'
import type { OwnCase } from './own-cases.js'
import { createPatterns } from './patterns.js'
import { prepareRego } from './prepare.js'
import type { RegoLimits } from './prepare.js'
import { sampleCall } from './sample-calls.js'

/** What there is to know about a policy before it is used. */
export interface PolicyInspection {
  readonly entrypoints: readonly string[]
  readonly builtins: readonly string[]
  readonly abi: string
  readonly warnings: readonly string[]
}

/**
 * Loads the policy as a gateway does, its own cases included.
 * @throws PolicySupplyError as `compilePolicy` does
 */
export async function inspectPolicy(
  bundle: Bundle,
  cases: readonly OwnCase[] = [],
): Promise<PolicyInspection> {
  const { wasm, entrypoints, data, revision, digest } = bundle
  if (wasm === undefined) throw new PolicySupplyError('check', 'The bundle has data and no policy')
  const prepared = await prepareRego({ wasm, entrypoints, data }, limits)
  const patterns = createPatterns()
  const parts = { revision, digest, limits, largeInput, patterns, cases }
  const policy = await openPolicy(prepared, parts)
  const { module } = prepared
  return {
    entrypoints: Object.keys(module.entrypoints).sort(),
    builtins: Object.keys(module.builtins).sort(),
    abi: module.abi,
    warnings: handshakeWarnings(policy),
  }
}

const limits: RegoLimits = { maxInputBytes: 1 << 20, budgetMs: 25 }

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
  return [
    `mcp/pre does not pass ${method} for an anonymous user (${answer}): clients cannot connect`,
  ]
}
