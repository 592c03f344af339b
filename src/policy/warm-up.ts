import { setImmediate } from 'node:timers/promises'
import { PolicySupplyError } from '../domain/errors.js'
import { hooksOf } from './entrypoints.js'
import { createRegoEvaluator } from './evaluator.js'
import type { EvaluatorParts, RegoEvaluator } from './evaluator.js'
import { RegoFault } from './rego-fault.js'
import type { RegoInput } from './rego-host.js'
import { readResult } from './rego-result.js'
import { sampleInputs } from './sample-calls.js'

/**
 * Evaluates sample inputs until the module's code is as fast as it gets; all threads of a process share it.
 * @throws PolicySupplyError `check` when the policy breaks off on most of them
 */
export async function warmUp(parts: EvaluatorParts): Promise<void> {
  const evaluator = createRegoEvaluator(parts)
  const inputs = sampleInputs(hooksOf(parts.module.entrypoints))
  let budgets = 0
  for (let round = 0; round < rounds && budgets < mostBudgets; round++) {
    const faults = inputs.flatMap((input) => {
      const fault = faultOn(evaluator, input)
      budgets += evaluator.fuelUsed() / parts.budget
      return fault ?? []
    })
    checkFaults(faults, inputs.length)
    await setImmediate() // calls that this thread may be serving come in between
  }
}

// Compiled code is slow until it has run some dozens of times.
const rounds = 20

// Ends the warm-up of a policy that takes long for every decision.
const mostBudgets = 100

function faultOn(evaluator: RegoEvaluator, input: RegoInput): RegoFault | undefined {
  try {
    readResult(evaluator.evaluate(input))
    return undefined
  } catch (thrown) {
    if (thrown instanceof RegoFault) return thrown
    throw thrown
  }
}

// Some inputs may be more than a policy is made for; most of them are not.
function checkFaults(faults: readonly RegoFault[], inputs: number): void {
  const broken = faults.filter(({ cause }) => breaks.has(cause))
  const [first] = broken
  if (first === undefined || broken.length * 2 <= inputs) return
  const place = first.place === '' ? '' : ` in ${first.place}`
  throw new PolicySupplyError(
    'check',
    `The policy breaks off on most sample inputs (${first.cause}${place}: ${first.message}). Evaluate it with "opa eval" on an input of your own`,
  )
}

const breaks: ReadonlySet<string> = new Set(['trap', 'budget', 'memory', 'builtin'])
