import type { CelRoot, Held } from './condition.js'
import type { CelContext } from './context.js'
import {
  isCelError,
  type CelError,
  type CelValue,
  type ParsedCel,
  type PlannedCel,
} from './engine.js'
import { shown } from './explain.js'
import { meter, spend } from './meter.js'
import { reasonOf, short } from './reasons.js'
import { countParts } from './tree.js'
import { mostTurns, type PlannedLoop } from './turns.js'

export interface Evaluation {
  readonly held: (context: CelContext) => Held
  /** The value as JSON, or why there is none. */
  readonly told: (context: CelContext) => string
}

export interface EvaluationParts {
  readonly parsed: ParsedCel
  readonly planned: PlannedCel
  readonly literals: readonly unknown[]
  readonly loops: readonly PlannedLoop[]
  readonly reads: ReadonlySet<CelRoot>
}

export function createEvaluation(parts: EvaluationParts): Evaluation {
  const { parsed, loops } = parts
  const ownSteps = countParts(parsed.expr)

  /** Undefined where the budget does not last. `read` may read more of the value. */
  function run<Result>(
    { budget, variables, extent }: CelContext,
    read: (value: CelValue | CelError) => Result,
  ): Result | undefined {
    meter.left = budget.left - ownSteps
    meter.literals = parts.literals
    const traced = Error.stackTraceLimit
    // A loop may meet an error at each turn, and nobody sees where.
    Error.stackTraceLimit = 0
    try {
      const turns = loops.length === 0 ? 0 : mostTurns(loops, extent(parts.reads))
      if (meter.left < turns) return undefined
      const result = read(parts.planned(variables))
      return isUsedUp() ? undefined : result
    } catch (thrown) {
      // Counting turns and showing values read as well.
      if (isUsedUp()) return undefined
      throw thrown
    } finally {
      Error.stackTraceLimit = traced
      budget.left = meter.left
      meter.literals = nothing
    }
  }

  return {
    held: (context) => run(context, (value) => heldOf(value, parsed)) ?? overBudget,
    told: (context) =>
      run(context, (value) => (isCelError(value) ? reasonOf(value, parsed) : shown(value))) ??
      overBudget.reason,
  }
}

function isUsedUp(): boolean {
  return meter.left < 0
}

function heldOf(value: CelValue | CelError, parsed: ParsedCel): Held {
  if (value === true) return holds
  if (value === false) return fails
  // The part is looked for and written down.
  spend(stepsPerReason)
  const reason = isCelError(value)
    ? reasonOf(value, parsed)
    : `neither true nor false: ${short(parsed, parsed.expr)}`
  return { type: 'error', cause: 'condition', reason }
}

const stepsPerReason = 20
const holds: Held = { type: 'holds' }
const fails: Held = { type: 'fails' }
const overBudget = { type: 'error', cause: 'budget', reason: 'condition is over budget' } as const
const nothing: readonly unknown[] = []
