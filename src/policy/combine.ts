import {
  strictness,
  type Allow,
  type Ask,
  type Decision,
  type DryRun,
  type ListDecision,
  type Ruling,
} from '../domain/decision.js'
import { combineObligations, type Given } from './combine-obligations.js'
import { policyError } from './parse-decision.js'

/** What one of several that judge the same message by themselves said of it. */
export interface Said<D extends Decision = Decision> {
  /** For messages to policy authors. */
  readonly name: string
  /** Its rules are those that decided. */
  readonly decision: D
  /** What its rules want done, each by itself; undefined where the decision says it. */
  readonly given?: readonly Given[] | undefined
  /** Rules that leave a record and decide nothing. */
  readonly records?: readonly string[] | undefined
}

/**
 * One decision of several about the same message, at least one. The strictest effect wins; of equal ones the first
 * decides, except that a policy error comes before any other denial, so that nothing hides it. The order of `said` is
 * the order of precedence, and nothing else depends on it. Obligations hold only where the message may pass.
 */
export function combine(said: readonly Said[], revision: string): Decision {
  const deciding = decidingOf(said)?.decision
  if (deciding === undefined) return policyError('undefined', '', revision)
  const ruling = joined(said, deciding, revision)
  if (deciding.effect === 'deny') return { ...deciding, ...ruling }
  return obliged({ ...deciding, ...ruling }, said)
}

/** The one whose decision stands. */
export function decidingOf<D extends Decision>(said: readonly Said<D>[]): Said<D> | undefined {
  const strictest = Math.max(...said.map(({ decision }) => strictness[decision.effect]))
  const equal = said.filter(({ decision }) => strictness[decision.effect] === strictest)
  return equal.find(({ decision }) => isFault(decision)) ?? equal.find(decides) ?? equal[0]
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

/** Whoever has a record to leave and no rule that decides is not to take the reason from one who has. */
function decides({ decision, records }: Said): boolean {
  return records === undefined || decision.rules.length > 0
}

function isFault(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.fault !== undefined
}

function joined(said: readonly Said[], deciding: Decision, revision: string): Ruling {
  const all = said.map(({ decision }) => decision)
  const others = all.filter((each) => each !== deciding && each.effect === deciding.effect)
  const decided = [deciding, ...others].flatMap(({ rules }) => rules)
  return {
    engine: deciding.engine,
    rules: [...decided, ...recordsOf(said, deciding)],
    revision,
    warnings: all.flatMap(({ warnings }) => warnings),
    labels: Object.fromEntries(all.toReversed().flatMap(({ labels }) => Object.entries(labels))),
    trial: all.flatMap(({ trial }) => trial),
  }
}

/** Rules that leave something and did not decide, by id. */
function recordsOf(said: readonly Said[], { effect }: Decision): readonly string[] {
  const isObliged = effect === 'allow' || effect === 'dry_run'
  const duties = isObliged ? said.flatMap(({ given = [] }) => given.map(({ name }) => name)) : []
  return [...said.flatMap(({ records = [] }) => records), ...duties].sort(inByteOrder)
}

function inByteOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function rulingOf({ engine, rules, revision, warnings, labels, trial }: Ruling): Ruling {
  return { engine, rules, revision, warnings, labels, trial }
}

/** Whoever may permit a call that is asked for could not have all of it done either, where obligations conflict. */
function obliged(decision: Allow | DryRun | Ask, said: readonly Said[]): Decision {
  const combined = combineObligations(said.flatMap(givenBy))
  if (combined.type === 'conflict') {
    const denied = policyError('obligation', combined.message, decision.revision)
    return { ...denied, ...rulingOf(decision) }
  }
  const { obligations } = combined
  return decision.effect === 'ask' ? decision : { ...decision, obligations }
}

function givenBy({ name, decision, given }: Said): readonly Given[] {
  return given ?? [{ name, obligations: dutiesOf(decision) }]
}

function dutiesOf(decision: Decision) {
  return decision.effect === 'allow' || decision.effect === 'dry_run' ? decision.obligations : []
}
