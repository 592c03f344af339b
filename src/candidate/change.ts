import { isDeepStrictEqual } from 'node:util'
import type { Decision, ListDecision } from '../domain/decision.js'
import type { CandidateChange } from '../domain/entry.js'
import type { FilterSensitive, Obligation, Redacting } from '../domain/obligation.js'

/**
 * What would change for the caller if the candidate decided; undefined where nothing would. Names of rules, labels and
 * marks of rules on trial are nobody's but the record's.
 * @param items of a list: what stands on the page
 */
export function changeBetween(
  active: Decision | ListDecision,
  candidate: Decision | ListDecision,
  items: readonly string[] | undefined,
): CandidateChange | undefined {
  const isFault = hasFault(candidate)
  if (isFault && hasFault(active)) return undefined
  if (isFault) return 'error'
  if (active.effect !== candidate.effect) return changeOfEffect(active, candidate)
  const isSame =
    isDeepStrictEqual(toldBy(active), toldBy(candidate)) &&
    isDeepStrictEqual(shownBy(active, items), shownBy(candidate, items))
  return isSame ? undefined : 'obligations'
}

function hasFault(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.fault !== undefined
}

function changeOfEffect(active: Decision, candidate: Decision): CandidateChange {
  if (active.effect === 'allow' && candidate.effect === 'deny') return 'allow_to_deny'
  if (active.effect === 'deny' && candidate.effect === 'allow') return 'deny_to_allow'
  return 'effect'
}

/** What is done to the message or said to the caller, in a form that can be compared. */
function toldBy(decision: Decision): unknown {
  const { warnings, reason } = decision
  switch (decision.effect) {
    case 'allow':
      return [warnings, decision.obligations.map(comparable)]
    case 'dry_run':
      return [warnings, reason, decision.obligations.map(comparable)]
    case 'ask':
      return [warnings, reason, decision.remedy, decision.terms]
    case 'deny':
      return [warnings, reason, decision.remedy, decision.code, decision.retryAfterSec]
  }
}

/** Patterns and paths are compiled by each policy for itself. */
function comparable(obligation: Obligation): unknown {
  switch (obligation.type) {
    case 'merge':
    case 'operations':
      return obligation
    case 'replace':
      return [obligation.path.source, obligation.pattern.source, obligation.with]
    case 'filter':
      return ['filter', sourcesOf(obligation), ...termsOf(obligation)]
    case 'filter_sensitive':
      return ['filter_sensitive', sourcesOf(obligation), ...termsOf(obligation)]
    case 'mask':
      return ['mask', sourcesOf(obligation), ...termsOf(obligation), obligation.style]
  }
}

function sourcesOf({ paths }: Pick<FilterSensitive, 'paths'>): readonly string[] | undefined {
  return paths?.map(({ source }) => source).sort()
}

function termsOf({ onUnreadable, onMissing }: Redacting): readonly string[] {
  return [onUnreadable, onMissing]
}

function shownBy(
  decision: Decision | ListDecision,
  items: readonly string[] | undefined,
): readonly string[] {
  if (items === undefined || !('names' in decision)) return []
  const names = new Set(decision.names)
  return items.filter((item) => names.has(item))
}
