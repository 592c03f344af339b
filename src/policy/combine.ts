import {
  strictness,
  type Allow,
  type Ask,
  type Decision,
  type Deny,
  type DryRun,
  type ListDecision,
  type Ruling,
} from '../domain/decision.js'
import { combineObligations } from './combine-obligations.js'
import { policyError } from './parse-decision.js'

/** What one of several that judge the same message by themselves said of it. */
export interface Said<D extends Decision = Decision> {
  /** For messages to policy authors. */
  readonly name: string
  readonly decision: D
}

/**
 * One decision of several about the same message, at least one. The strictest effect wins; of equal ones the first
 * decides, except that a policy error comes before any other denial, so that nothing hides it. The order of `said` is
 * the order of precedence, and nothing else depends on it. Obligations hold only where the message may pass.
 */
export function combine(said: readonly Said[], revision: string): Decision {
  const strictest = Math.max(...said.map(({ decision }) => strictness[decision.effect]))
  const equal = said.map(({ decision }) => decision).filter(isAs(strictest))
  const deciding = equal.find(isFault) ?? equal[0]
  if (deciding === undefined) return policyError('undefined', '', revision)
  const ruling = joined(said, deciding, equal, revision)
  if (deciding.effect === 'deny') return { ...deciding, ...ruling }
  return obliged({ ...deciding, ...ruling }, said)
}

/** What everybody leaves of a list. Any refusal refuses it. */
export function combineLists(said: readonly Said<ListDecision>[], revision: string): ListDecision {
  const decision = combine(said, revision)
  if (decision.effect === 'deny') return decision
  const [first = [], ...others] = said.map(({ decision: each }) =>
    each.effect === 'deny' ? [] : each.names,
  )
  const sets = others.map((names) => new Set(names))
  const names = first.filter((name) => sets.every((set) => set.has(name)))
  const { reason } = decision
  return { ...rulingOf(decision), effect: 'allow', reason, obligations: [], names }
}

function isAs(strictest: number) {
  return ({ effect }: Decision): boolean => strictness[effect] === strictest
}

function isFault(decision: Decision): decision is Deny {
  return decision.effect === 'deny' && decision.fault !== undefined
}

function joined(
  said: readonly Said[],
  deciding: Decision,
  equal: readonly Decision[],
  revision: string,
): Ruling {
  const all = said.map(({ decision }) => decision)
  const others = equal.filter((decision) => decision !== deciding)
  return {
    engine: deciding.engine,
    rules: [deciding, ...others].flatMap(({ rules }) => rules),
    revision,
    warnings: all.flatMap(({ warnings }) => warnings),
    labels: Object.fromEntries(all.toReversed().flatMap(({ labels }) => Object.entries(labels))),
    trial: all.flatMap(({ trial }) => trial),
  }
}

function rulingOf({ engine, rules, revision, warnings, labels, trial }: Ruling): Ruling {
  return { engine, rules, revision, warnings, labels, trial }
}

/** Whoever may permit a call that is asked for could not have all of it done either, where obligations conflict. */
function obliged(decision: Allow | DryRun | Ask, said: readonly Said[]): Decision {
  const given = said.map(({ name, decision: each }) => ({ name, obligations: dutiesOf(each) }))
  const combined = combineObligations(given)
  if (combined.type === 'conflict') {
    const denied = policyError('obligation', combined.message, decision.revision)
    return { ...denied, ...rulingOf(decision) }
  }
  const { obligations } = combined
  return decision.effect === 'ask' ? decision : { ...decision, obligations }
}

function dutiesOf(decision: Decision) {
  return decision.effect === 'allow' || decision.effect === 'dry_run' ? decision.obligations : []
}
