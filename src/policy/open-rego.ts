import { setImmediate } from 'node:timers/promises'
import type { Policy } from '../domain/ports.js'
import type { PolicyParts } from './compile.js'
import { hooksOf } from './entrypoints.js'
import { createRegoEvaluator } from './evaluator.js'
import { createObligationParser } from './parse-obligations.js'
import type { PreparedRego } from './prepare-rego.js'
import { fuelOf } from './rego-fuel.js'
import type { RegoInstance } from './rego-instance.js'
import { createRegoPolicy } from './rego-policy.js'
import { createRedacts } from './rego-redacts.js'
import { instantiateLike } from './rego-snapshot.js'
import { sampleInputs } from './sample-calls.js'

/** Runs what was prepared. Others get their turn all the while. Takes the pieces out of `prepared`. */
export async function openRego(prepared: PreparedRego, parts: PolicyParts): Promise<Policy> {
  const { module, data, snapshot, redacts } = prepared
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
    redacts: createRedacts(redacts),
  })
  probe(policy)
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
  if (first === undefined) return
  if (first.hook === 'list') policy.list(first)
  else policy.evaluate(first)
}
