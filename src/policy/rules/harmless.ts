import type { CompiledRule } from './compiled-rule.js'

/** Whether nothing but the record depends on the rule, so that its error may not block anything either. */
export function isHarmless({ isOnTrial, rule }: CompiledRule): boolean {
  return isOnTrial || rule.action.effect === 'warn' || rule.action.effect === 'audit'
}
