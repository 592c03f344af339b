import type { BundleScope, Layer } from '../domain/bundle.js'
import type { Call } from '../domain/call.js'
import type { Allow, Decision, Hook, ListDecision, Ruling } from '../domain/decision.js'
import type { FileReport } from '../domain/explanation.js'
import { isJsonObject } from '../domain/json.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { combine, combineLists, type Said } from './combine.js'
import { explanationOf } from './explanation-of.js'
import { policyError } from './parse-decision.js'
import { isOfParts, reportOf } from './policy-parts.js'
import { layers } from './rules/rule-order.js'
import { createScopeMatch, isEmptyScope, type ScopeMatch } from './scope.js'

export interface PolicySetMember {
  /** Differs from member to member. */
  readonly name: string
  readonly layer: Layer
  readonly scope: BundleScope
  readonly policy: Policy
}

/**
 * Several policies as one: each whose scope matches judges the same input by itself, and the stricter wins. A member
 * can tighten what the others say and never loosen it. The only member that has a say in everything is the set.
 */
export function createPolicySet(parts: {
  readonly members: readonly PolicySetMember[]
  readonly revision: string
  readonly digest: string
}): Policy {
  const { revision, digest } = parts
  const [only, ...more] = parts.members
  if (only !== undefined && more.length === 0 && isEmptyScope(only.scope)) return only.policy
  const members = [...parts.members].sort(byPrecedence).map(seatOf)
  const has = (hook: Hook): boolean => members.some(({ policy }) => policy.hooks[hook])

  function asked({ hook, call }: PolicyInput): readonly Seat[] {
    return members.filter(({ policy, matches }) => policy.hooks[hook] && matches(call))
  }

  function list(input: PolicyInput): ListDecision {
    const said = asked(input).flatMap((seat) => saidOfListBy(seat, input))
    if (said.length > 0) return combineLists(said, revision)
    return { ...unopposed(revision), names: everyNameIn(input) }
  }

  function said(input: PolicyInput): readonly Said[] {
    return asked(input).flatMap((seat) => saidBy(seat, input))
  }

  function evaluate(input: PolicyInput): Decision {
    if (input.hook === 'list') return list(input)
    const seats = asked(input)
    const all = seats.flatMap((seat) => saidBy(seat, input))
    if (all.length > 0) return combine(all, revision)
    if (seats.length > 0) return { ...unopposed(revision), engine: 'rules' }
    if (input.hook === 'post') return unopposed(revision)
    return policyError('undefined', 'no bundle has a say in this call', revision)
  }

  return {
    revision,
    digest,
    hooks: { pre: has('pre'), post: has('post'), list: has('list') },
    evaluate,
    list,
    judgesReplies: (call) =>
      members.some(
        ({ policy, matches }) =>
          policy.hooks.post && matches(call) && policy.judgesReplies?.(call) !== false,
      ),
    needsCall: members.some(({ policy }) => policy.needsCall === true),
    redacts: (call, tool) =>
      members.some(
        ({ policy, couldMatch }) => couldMatch(call, tool) && policy.redacts(call, tool),
      ),
    explain: (input) =>
      explanationOf(
        evaluate(input),
        said(input),
        asked(input).flatMap((seat) => reportsBy(seat, input)),
      ),
    retire: () => {
      for (const { policy } of members) policy.retire()
    },
  }
}

function byPrecedence(one: PolicySetMember, other: PolicySetMember): number {
  return (
    layers[one.layer] - layers[other.layer] ||
    Buffer.compare(Buffer.from(one.name), Buffer.from(other.name))
  )
}

interface Seat {
  readonly name: string
  readonly layer: Layer
  readonly policy: Policy
  readonly matches: ScopeMatch
  /** Whether calls of this tool by the same caller can be in its scope. */
  readonly couldMatch: (call: Call, tool: string) => boolean
}

function seatOf({ name, layer, policy, scope }: PolicySetMember): Seat {
  const matches = createScopeMatch(scope)
  const couldMatch = (call: Call, tool: string): boolean => matches(asToolCall(call, tool))
  return { name, layer, policy, matches, couldMatch }
}

function asToolCall(call: Call, name: string): Call {
  return { ...call, operation: { type: 'tool', kind: 'tools/call', name, args: undefined } }
}

function saidBy({ name, policy }: Seat, input: PolicyInput): readonly Said[] {
  if (!isOfParts(policy)) return [{ name, decision: named(policy.evaluate(input), name) }]
  return policy.said(input).map((said) => ownedBy(name, said))
}

function saidOfListBy({ name, policy }: Seat, input: PolicyInput): readonly Said<ListDecision>[] {
  if (!isOfParts(policy)) return [{ name, decision: named(policy.list(input), name) }]
  return policy.saidOfList(input).map((said) => ownedBy(name, said))
}

/** What a part of a member said, with names that say whose they are. */
function ownedBy<D extends Decision>(owner: string, said: Said<D>): Said<D> {
  const own = (name: string): string => `${owner}/${name}`
  return {
    name: own(said.name),
    decision: named(said.decision, owner),
    given: said.given?.map((given) => ({ ...given, name: own(given.name) })),
    records: said.records?.map(own),
  }
}

function reportsBy({ name, layer, policy }: Seat, input: PolicyInput): readonly FileReport[] {
  if (!isOfParts(policy)) return [{ ...reportOf(name, policy, input), layer }]
  return policy
    .reports(input)
    .map((report) => ({ ...report, layer, name: `${name}/${report.name}` }))
}

/** The decision with rules that say whose they are. A refusal by no rule in particular names the bundle. */
function named<D extends Decision>(decision: D, name: string): D {
  const { effect, rules, trial } = decision
  const own = (rule: string): string => `${name}/${rule}`
  return {
    ...decision,
    rules: rules.length === 0 && effect !== 'allow' ? [name] : rules.map(own),
    trial: trial.map((mark) => ({ ...mark, rule: own(mark.rule) })),
  }
}

/** Nobody has anything to say of what came back. */
function unopposed(revision: string): Allow {
  const ruling: Ruling = {
    engine: 'none',
    rules: [],
    revision,
    warnings: [],
    labels: {},
    trial: [],
  }
  return { ...ruling, effect: 'allow', reason: '', obligations: [] }
}

/** Whatever an item of the page may be known by. */
function everyNameIn({ document }: PolicyInput): readonly string[] {
  const { items } = JSON.parse(document.toString()) as { readonly items?: unknown }
  if (!Array.isArray(items)) return []
  return items
    .filter(isJsonObject)
    .flatMap(({ name, uri, uriTemplate }) =>
      [name, uri, uriTemplate].filter((text) => typeof text === 'string'),
    )
}
