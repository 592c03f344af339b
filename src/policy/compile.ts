import { setImmediate } from 'node:timers/promises'
import type { Bundle } from '../domain/bundle.js'
import type { Decision, Hook, ListDecision } from '../domain/decision.js'
import { PolicySupplyError } from '../domain/errors.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Patterns, Policy } from '../domain/ports.js'
import { hooksOf } from './entrypoints.js'
import { createRegoEvaluator } from './evaluator.js'
import type { OwnCase } from './own-cases.js'
import { createObligationParser } from './parse-obligations.js'
import { prepareRego } from './prepare.js'
import type { PreparedRego, RegoLimits } from './prepare.js'
import { fuelOf } from './rego-fuel.js'
import type { RegoInstance } from './rego-instance.js'
import { createRegoPolicy } from './rego-policy.js'
import type { LargeInput } from './rego-policy.js'
import { instantiateLike } from './rego-snapshot.js'
import { sampleInputs } from './sample-calls.js'

export interface PolicyParts {
  readonly revision: string
  readonly digest: string
  readonly limits: RegoLimits
  readonly largeInput: LargeInput
  readonly patterns: Patterns
  /** Told once an evaluation how much fuel it took. */
  readonly meter?: (hook: Hook, fuel: number) => void
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
  const { wasm, entrypoints, data, revision, digest } = bundle
  if (wasm === undefined) {
    throw new PolicySupplyError(
      'check',
      'The bundle has data and no policy: build it with "opa build -t wasm -e mcp/pre"',
    )
  }
  const prepared = await prepareRego({ wasm, entrypoints, data }, parts.limits)
  return openPolicy(prepared, { ...parts, revision, digest })
}

/**
 * Runs what was prepared, in another thread as a rule. Others get their turn all the while. Takes the pieces out of
 * `prepared`, which can be opened once.
 * @throws PolicySupplyError `check`
 */
export async function openPolicy(prepared: PreparedRego, parts: PolicyParts): Promise<Policy> {
  const { module, data, snapshot } = prepared
  const { maxInputBytes, budgetMs } = prepared.limits
  const instance = instantiateLike(module, snapshot, maxInputBytes)
  await fill(instance, snapshot.dataStart, prepared.pieces)
  const budget = fuelOf(budgetMs)
  const evaluator = createRegoEvaluator({ module, data, maxInputBytes, budget, instance, snapshot })
  const policy = createRegoPolicy({
    ...parts,
    evaluator,
    hooks: hooksOf(module.entrypoints),
    maxInputBytes,
    obligations: createObligationParser(parts.patterns),
  })
  probe(policy)
  for (const { name, input } of parts.cases ?? []) {
    checkCase(name, decide(policy, input))
    await setImmediate()
  }
  return policy
}

async function fill(instance: RegoInstance, start: number, pieces: ArrayBuffer[]): Promise<void> {
  let end = start
  for (const piece of pieces.splice(0)) {
    instance.memory.bytes().set(new Uint8Array(piece), end)
    end += piece.byteLength
    await setImmediate()
  }
}

/** The first evaluation in a thread takes longer than others: no call is to be that one. */
function probe(policy: Policy): void {
  const [first] = sampleInputs(policy.hooks)
  if (first !== undefined) decide(policy, first)
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
