import type { Decision, TrialRule } from '../domain/decision.js'
import type { PipelineParts } from './parts.js'

/** What the caller is told of a decision in `_meta["portcullis/warnings"]` of a result. */
export function toldOf(
  decision: Decision,
  { mode }: Pick<PipelineParts, 'mode'>,
): readonly string[] {
  switch (mode) {
    case 'enforce':
      return toldOfTrial(decision)
    case 'warn':
      return [...warningsOf(decision), ...toldOfTrial(decision)]
    case 'audit-only':
    case 'off':
      return []
  }
}

function warningsOf(decision: Decision): readonly string[] {
  return decision.effect === 'allow'
    ? decision.warnings
    : [`would_${decision.effect}: ${decision.reason}`, ...decision.warnings]
}

function toldOfTrial({ trial }: Decision): readonly string[] {
  if (trial.length === 0) return none
  const told = trial.filter(({ tells }) => tells).map(warningOf)
  return [...new Set(told)]
}

const none: readonly string[] = []

function warningOf({ rule, effect, reason }: TrialRule): string {
  return `would_${effect}: ${reason || rule}`
}
