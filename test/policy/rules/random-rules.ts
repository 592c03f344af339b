import type { ActionClass } from '../../../src/domain/action-class.js'
import type { Call } from '../../../src/domain/call.js'
import { parseFieldPath } from '../../../src/domain/field-path.js'
import type { PolicyInput } from '../../../src/domain/policy-input.js'
import type { Match, Rule, RuleAction, RuleFile, RuleSet } from '../../../src/policy/rules/rule.js'
import type { Meanings, NaiveCall } from '../../support/naive-rules.js'
import { type Random } from '../../support/random.js'
import { inputOf, request } from './engine.js'

const tools = ['read_a', 'read_b', 'wipe'] as const
const toolGlobs = ['read_a', 'read_b', 'wipe', 'read_*', '*', '*_a'] as const
const servers = ['hr', 'crm'] as const
const serverGlobs = ['hr', 'crm', '*', 'h*'] as const
const users = ['alice', 'bob', ''] as const
const teams = ['core', 'ops-eu', 'ops-us'] as const
const teamGlobs = ['core', 'ops-*', 'ops-eu', 'none'] as const
const kinds = [
  'tools/call',
  'tools/call',
  'tools/call',
  'resources/read',
  'prompts/get',
  'ping',
] as const
const classes = ['read', 'write', 'destructive', 'unknown'] as const
const layers = ['organisation', 'team', 'server', 'tool'] as const
const modes = ['enforce', 'enforce', 'enforce', 'enforce', 'warn', 'audit-only'] as const

/** Conditions, and what each comes to: of the user's claims, or why it cannot be said. */
const conditions: Readonly<Record<string, (facts: Facts) => boolean | string>> = {
  'user.level > 1': ({ level }) => (level === undefined ? 'missing: user.level' : level > 1),
  "user.id == 'alice'": ({ user }) => user === 'alice',
  "server != 'hr'": ({ server }) => server !== 'hr',
  'has(user.level) && user.level == 0': ({ level }) => level === 0,
  'user.gone == 1': () => 'missing: user.gone',
  "kind == 'tools/call'": ({ kind }) => kind === 'tools/call',
  true: () => true,
  '1 > 2': () => false,
}
const whens = Object.keys(conditions)

interface Facts extends NaiveCall {
  readonly level: number | undefined
}

export interface RandomCall {
  readonly input: PolicyInput
  readonly naive: NaiveCall
  readonly meanings: Meanings
}

export function randomCall(random: Random): RandomCall {
  const kind = random.oneOf(kinds)
  const name = random.oneOf(tools)
  const level = [undefined, 0, 1, 2][random.below(4)]
  const facts: Facts = {
    hook: random.below(3) === 0 ? 'post' : 'pre',
    kind,
    server: random.oneOf(servers),
    ...targetOf(kind, name),
    user: random.oneOf(users),
    teams: teams.filter(() => random.below(2) === 0),
    actionClass: kind === 'tools/call' ? random.oneOf(classes) : 'unknown',
    level,
  }
  const meanings = new Map(Object.entries(conditions).map(([when, means]) => [when, means(facts)]))
  return { input: askedAbout(facts, name), naive: facts, meanings }
}

const itsClass: Readonly<Record<string, ActionClass>> = { read_a: 'read', wipe: 'destructive' }

/** A classifier of all the tools. */
export const classify = (_server: string, tool: string): ActionClass => itsClass[tool] ?? 'unknown'

/** What the caller is asked about when all the tools are listed, and when each of them is called. */
export function listAndCalls({ input }: RandomCall) {
  const { principal: user, server } = input.call
  const response = tools.map((name) => ({ name }))
  return {
    list: inputOf(request('tools/list', {}, { user, server }), 'list', { response }),
    calls: tools.map((name) => {
      const call = request('tools/call', { name, arguments: {} }, { user, server })
      return { name, input: inputOf(call, 'pre', { actionClass: classify(server, name) }) }
    }),
  }
}

function targetOf(kind: string, name: string) {
  if (kind === 'tools/call') return { tool: name }
  if (kind === 'resources/read') return { resource: `file:///${name}` }
  return kind === 'prompts/get' ? { prompt: name } : {}
}

function askedAbout(facts: Facts, name: string): PolicyInput {
  const params = facts.resource === undefined ? { name, arguments: {} } : { uri: facts.resource }
  const { user: id, level, server, hook, actionClass } = facts
  const claims = level === undefined ? {} : { level }
  const user = { id, teams: facts.teams, claims, authenticated: id !== '', via: 'jwt' } as const
  const call: Call = request(facts.kind, params, { user, server })
  const response = hook === 'post' ? { content: [] } : undefined
  return inputOf(call, hook, { actionClass, response })
}

export function randomSet(random: Random): RuleSet {
  const ids = new Set<string>()
  const files = Array.from({ length: 1 + random.below(4) }, (_, index) =>
    randomFile(random, `rules/f${index}.yaml`, ids),
  )
  return { files, sensitive: new Map() }
}

export function randomFile(random: Random, name: string, ids = new Set<string>()): RuleFile {
  const mode = random.oneOf(modes)
  return {
    name,
    layer: random.oneOf(layers),
    scope: randomScope(random),
    default: random.below(6) === 0 ? 'deny' : 'allow',
    mode,
    rules: Array.from({ length: random.below(6) }, () => {
      const rule = randomRule(random, ids)
      return mode === 'enforce' ? rule : { ...rule, mode }
    }),
  }
}

function randomScope(random: Random): RuleFile['scope'] {
  return {
    ...maybe(random, 3, () => ({ server: random.oneOf(serverGlobs) })),
    ...maybe(random, 5, () => ({ tool: random.oneOf(toolGlobs) })),
    ...maybe(random, 5, () => ({ team: random.oneOf(teamGlobs) })),
    ...maybe(random, 8, () => ({ user: random.oneOf(users) || '*' })),
    ...maybe(random, 8, () => ({ kind: random.oneOf(['tools/*', '*']) })),
  }
}

export function randomRule(random: Random, ids: Set<string>): Rule {
  const id = newId(random, ids)
  ids.add(id)
  const action = randomAction(random)
  const isOfPost = ['filter_fields', 'mask_fields'].includes(action.effect)
  return {
    id,
    place: `rules.yaml:1:${ids.size}`,
    hook: isOfPost || random.below(4) === 0 ? 'post' : 'pre',
    match: randomMatch(random),
    when: random.below(2) === 0 ? undefined : whens[random.below(whens.length)],
    mode: random.oneOf(modes),
    reason: `because ${id}`,
    labels: random.below(4) === 0 ? { [random.oneOf(['a', 'b'])]: id } : {},
    action,
  }
}

function newId(random: Random, ids: ReadonlySet<string>): string {
  const id = `r${random.below(1000)}`
  return ids.has(id) ? newId(random, ids) : id
}

function randomMatch(random: Random): Match {
  const some = <T extends string>(globs: readonly [T, ...T[]]): readonly T[] =>
    Array.from({ length: 1 + random.below(2) }, () => random.oneOf(globs))
  return {
    kind: random.below(4) === 0 ? ['*'] : ['tools/call', 'resources/read'],
    ...maybe(random, 2, () => ({ tool: some(toolGlobs) })),
    ...maybe(random, 5, () => ({ server: some(serverGlobs) })),
    ...maybe(random, 7, () => ({ user: some(['alice', 'b*', '*']) })),
    ...maybe(random, 7, () => ({ team: some(teamGlobs) })),
    ...maybe(random, 9, () => ({ resource: some(['file:///read_*', 'file:///wipe']) })),
    ...maybe(random, 12, () => ({ prompt: some(['wipe', 'read_*']) })),
    ...maybe(random, 12, () => ({ client: some(['*', 'desk']) })),
    ...maybe(random, 6, () => ({ actionClass: some<ActionClass>(['read', 'write', 'unknown']) })),
  }
}

function randomAction(random: Random): RuleAction {
  const redacting = { onUnreadable: 'pass', onMissing: 'pass' } as const
  const paths = [parseFieldPath(random.oneOf(['salary', 'ssn', 'a.b']))]
  switch (random.below(11)) {
    case 0:
    case 1:
      return { effect: 'allow' }
    case 2:
      return { effect: 'audit' }
    case 3:
      return { effect: 'warn' }
    case 4:
      return { effect: 'deny', code: 'policy_deny', remedy: '', retryAfterSec: undefined }
    case 5:
    case 9:
      return { effect: 'ask', remedy: '', terms: {} }
    case 6:
    case 10:
      return { effect: 'dry_run' }
    case 7:
      return { effect: 'filter_fields', paths, ...redacting }
    default:
      return { effect: 'mask_fields', paths, style: { type: 'text', text: '*' }, ...redacting }
  }
}

function maybe<Part extends object>(random: Random, of: number, make: () => Part): Partial<Part> {
  return random.below(of) === 0 ? make() : {}
}

export function shuffled<Item>(random: Random, items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: random.below(1 << 30) }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}
