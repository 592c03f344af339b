import type { BundleScope, Layer } from '../domain/bundle.js'
import type { Allow, Decision, Hook, ListDecision, Ruling } from '../domain/decision.js'
import { isJsonObject } from '../domain/json.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { combine, combineLists, type Said } from './combine.js'
import { policyError } from './parse-decision.js'
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
    const said = asked(input).map((seat) => ({
      name: seat.name,
      decision: named(seat.policy.list(input), seat.name),
    }))
    if (said.length > 0) return combineLists(said, revision)
    return { ...unopposed(revision), names: everyNameIn(input) }
  }

  function evaluate(input: PolicyInput): Decision {
    if (input.hook === 'list') return list(input)
    const said: readonly Said[] = asked(input).map((seat) => ({
      name: seat.name,
      decision: named(seat.policy.evaluate(input), seat.name),
    }))
    if (said.length > 0) return combine(said, revision)
    if (input.hook === 'post') return unopposed(revision)
    return policyError('undefined', 'no bundle has a say in this call', revision)
  }

  return {
    revision,
    digest,
    hooks: { pre: has('pre'), post: has('post'), list: has('list') },
    evaluate,
    list,
    retire: () => {
      for (const { policy } of members) policy.retire()
    },
  }
}

const layers: Readonly<Record<Layer, number>> = { organisation: 0, team: 1, server: 2, tool: 3 }

function byPrecedence(one: PolicySetMember, other: PolicySetMember): number {
  return (
    layers[one.layer] - layers[other.layer] ||
    Buffer.compare(Buffer.from(one.name), Buffer.from(other.name))
  )
}

interface Seat {
  readonly name: string
  readonly policy: Policy
  readonly matches: ScopeMatch
}

function seatOf({ name, policy, scope }: PolicySetMember): Seat {
  return { name, policy, matches: createScopeMatch(scope) }
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
