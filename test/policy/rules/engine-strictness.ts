import { strictness, type Decision } from '../../../src/domain/decision.js'

/** Whether a decision is at least as strict as another, and hides at least what that one hides. */
export function reachesFurther(now: Decision, before: Decision): boolean {
  if (strictness[now.effect] !== strictness[before.effect]) {
    return strictness[now.effect] > strictness[before.effect]
  }
  const hidden = hiddenBy(now)
  return [...hiddenBy(before)].every((path) => hidden.has(path))
}

function hiddenBy(decision: Decision): ReadonlySet<string> {
  if (decision.effect !== 'allow' && decision.effect !== 'dry_run') return new Set()
  const paths = decision.obligations.flatMap((obligation) =>
    obligation.type === 'filter' || obligation.type === 'mask' ? obligation.paths : [],
  )
  return new Set(paths.map(({ source }) => source))
}
