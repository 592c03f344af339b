import type { Bundle } from '../../src/domain/bundle.js'
import type { Hook } from '../../src/domain/decision.js'
import { createRegoEvaluator } from '../../src/policy/evaluator.js'
import type { RegoEvaluator } from '../../src/policy/evaluator.js'
import { fuelOf } from '../../src/policy/rego-fuel.js'
import type { RegoInput } from '../../src/policy/rego-host.js'
import type { RegoInstance } from '../../src/policy/rego-instance.js'
import { instantiateWithData } from '../../src/policy/rego-snapshot.js'
import type { RegoSnapshot } from '../../src/policy/rego-snapshot.js'
import { compileRego } from '../../src/policy/rego.js'
import { fixtureBundle, time } from './fixtures.js'

export interface Opened {
  readonly evaluator: RegoEvaluator
  readonly instance: RegoInstance
  readonly snapshot: RegoSnapshot
}

export interface EvaluatorChanges {
  readonly data?: Buffer
  readonly maxInputBytes?: number
  readonly budgetMs?: number
}

/** The evaluator of a fixture, with what it runs on. */
export async function fixtureEvaluator(name: string, changes?: EvaluatorChanges): Promise<Opened> {
  return evaluatorOf(await fixtureBundle(name), changes)
}

export async function evaluatorOf(bundle: Bundle, changes: EvaluatorChanges = {}): Promise<Opened> {
  const { data = bundle.data, maxInputBytes = 1 << 20, budgetMs = 1000 } = changes
  const module = await compileRego(wasmOf(bundle))
  const made = instantiateWithData(module, data, maxInputBytes)
  const budget = fuelOf(budgetMs)
  return {
    ...made,
    evaluator: createRegoEvaluator({ module, data, maxInputBytes, budget, ...made }),
  }
}

export function wasmOf({ wasm }: Bundle): Buffer {
  if (wasm === undefined) throw new Error('the bundle has no module')
  return wasm
}

export function inputOf(value: unknown, hook: Hook = 'pre'): RegoInput {
  return { hook, time, document: Buffer.from(JSON.stringify(value)) }
}

/** An input that makes the fixture `conflict` or `runaway` fail. */
export function faulty(fault: string, args: Readonly<Record<string, unknown>> = {}): RegoInput {
  return inputOf({ tool: { args: { fault, ...args } } })
}
