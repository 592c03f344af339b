import type { FaultCause } from '../../domain/decision.js'
import type { PolicyInput } from '../../domain/policy-input.js'
import { createCelBudget } from '../cel/budget.js'
import type { Held } from '../cel/condition.js'
import { createCelContext, type CelContext } from '../cel/context.js'
import type { CompiledRule } from './compiled-rule.js'
import { isHarmless } from './harmless.js'

/** One message that rules are asked about. */
export interface Judgement {
  readonly input: PolicyInput
  /** Whether the condition of the rule holds; the rule fits already. */
  readonly held: (rule: CompiledRule) => Held
  /** What conditions read, for whoever explains them at no expense of theirs. */
  readonly context: () => CelContext
  /** Told of an error that blocks nothing. */
  readonly onRuleError: (cause: FaultCause) => void
}

export function createJudgement(
  input: PolicyInput,
  budgetMs: number,
  onRuleError: (cause: FaultCause) => void,
): Judgement {
  let deciding: CelContext | undefined
  let recording: CelContext | undefined
  const first = (): CelContext => {
    deciding ??= createCelContext(input, { budget: createCelBudget(budgetMs) })
    return deciding
  }
  const another = (): CelContext => ({ ...first(), budget: createCelBudget(budgetMs) })

  return {
    input,
    held(rule) {
      const { condition } = rule
      if (condition === undefined) return holds
      if (!isHarmless(rule)) return condition.evaluate(first())
      // What only leaves a record may not spend what others need to decide.
      recording ??= another()
      return condition.evaluate(recording)
    },
    context: another,
    onRuleError,
  }
}

const holds: Held = { type: 'holds' }
