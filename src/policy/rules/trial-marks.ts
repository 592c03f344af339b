import type { Effect, TrialRule } from '../../domain/decision.js'
import { isExemptible, isExemption, isHolding, type Finding } from './file-findings.js'
import type { Seat } from './rule-index.js'
import type { RuleAction, RuleFile, RuleMode } from './rule.js'

/** The marks of the rules on trial that hold, and of a default on trial: what the file would say if it were in force. */
export function trialMarks(
  { file: { file }, refuses }: Seat,
  findings: readonly Finding[],
): readonly TrialRule[] {
  const held = findings.filter(isHolding).map(({ rule }) => rule)
  const says = (effect: RuleAction['effect']): boolean =>
    held.some(({ rule }) => rule.action.effect === effect)
  const isExempt = held.some(isExemption)
  const marks = held
    .filter((rule) => rule.isOnTrial && !(isExempt && isExemptible(rule)))
    .map(({ rule: { id, action, reason, mode } }) => {
      return markOf(id, effectOf(action), reason, mode)
    })
  const isDefaultOnTrial = refuses !== undefined && refuses !== 'enforce'
  if (!isDefaultOnTrial || says('allow') || says('deny')) return marks
  return [...marks, markOf(defaultRule(file), 'deny', defaultReason, refuses)]
}

/** The id of the rule that a file's `default: deny` is. */
export function defaultRule({ name }: RuleFile): string {
  return `${name}:default`
}

export const defaultReason = 'no rule allows it'

function markOf(rule: string, effect: Effect, reason: string, mode: RuleMode): TrialRule {
  // Only of a refusal there is something to tell the caller.
  return { rule, effect, reason, tells: mode === 'warn' && effect !== 'allow' }
}

function effectOf({ effect }: RuleAction): Effect {
  return effect === 'deny' || effect === 'ask' || effect === 'dry_run' ? effect : 'allow'
}
