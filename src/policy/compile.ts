import { setImmediate } from 'node:timers/promises'
import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { isJsonObject } from '../domain/json.js'
import type { Patterns, Policy } from '../domain/ports.js'
import { refusedBuiltins } from './builtins.js'
import { createRegoEvaluator } from './evaluator.js'
import type { RegoEvaluator } from './evaluator.js'
import { createObligationParser } from './parse-obligations.js'
import { compileRego } from './rego.js'
import type { RegoModule } from './rego.js'
import { createRegoPolicy } from './rego-policy.js'
import { sampleInputs } from './sample-calls.js'

export interface CompileParts {
  readonly patterns: Patterns
  /** Longer documents are refused before they are evaluated. */
  readonly maxInputBytes: number
}

/**
 * Makes a bundle ready to decide: compiled, checked and warmed up, so that its first call is as fast as any other.
 * @throws PolicySupplyError `compile` or `check`
 */
export async function compilePolicy(bundle: Bundle, parts: CompileParts): Promise<Policy> {
  const { maxInputBytes } = parts
  const module = await compileRego(bundle.wasm)
  checkEntrypoints(module.entrypoints, bundle.entrypoints)
  checkBuiltins(module)
  checkData(bundle.data)
  const evaluator = createRegoEvaluator({ module, data: bundle.data, maxInputBytes })
  const policy = createRegoPolicy({
    evaluator,
    entrypoints: module.entrypoints,
    revision: bundle.revision,
    digest: bundle.digest,
    maxInputBytes,
    obligations: createObligationParser(parts.patterns),
  })
  await warmUp(policy, evaluator)
  return policy
}

function checkEntrypoints(compiled: readonly string[], named: readonly string[]): void {
  if (!compiled.includes('mcp/pre')) {
    throw new PolicySupplyError(
      'check',
      'The bundle has no entrypoint mcp/pre: define the rule "pre" in package mcp and build with "-e mcp/pre"',
    )
  }
  const differing = [
    ...compiled.filter((name) => !named.includes(name)),
    ...named.filter((name) => !compiled.includes(name)),
  ]
  if (differing.length > 0) {
    throw new PolicySupplyError(
      'check',
      `The manifest and policy.wasm disagree about ${differing.join(', ')}: build the bundle anew`,
    )
  }
}

function checkBuiltins(module: RegoModule): void {
  const refused = refusedBuiltins(module.builtins)
  if (refused.length === 0) return
  throw new PolicySupplyError(
    'check',
    `The policy calls builtins that are not offered: ${refused.join('; ')}`,
  )
}

function checkData(data: Buffer): void {
  if (!isObjectText(data.toString())) {
    throw new PolicySupplyError('check', 'The data of the bundle is not a JSON object')
  }
}

function isObjectText(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text))
  } catch {
    return false
  }
}

// Compiled code and both instances are slow until they have run some dozens of times.
const warmUpRounds = 10

async function warmUp(policy: Policy, evaluator: RegoEvaluator): Promise<void> {
  const inputs = sampleInputs(policy.hooks)
  let traps = 0
  for (let round = 0; round < 2 * warmUpRounds; round++) {
    for (const input of inputs) {
      const decision = policy.evaluate(input)
      if (decision.effect === 'deny' && decision.fault === 'trap') traps += 1
    }
    evaluator.exchange()
    await setImmediate() // calls that are being served come in between
  }
  // Some inputs may be more than a policy is made for; most of them are not.
  if (traps * 2 > inputs.length * 2 * warmUpRounds) {
    throw new PolicySupplyError(
      'check',
      'The policy breaks off on most sample inputs. Evaluate it with "opa eval" on an input of your own',
    )
  }
}
