import type { ActionClass } from '../../src/domain/action-class.js'
import type { Effect } from '../../src/domain/decision.js'
import type { Rule, RuleFile, RuleSet } from '../../src/policy/rules/rule.js'

/** What rules are asked about, as the page of rules names it. */
export interface NaiveCall {
  readonly hook: 'pre' | 'post'
  readonly kind: string
  readonly server: string
  readonly tool?: string
  readonly resource?: string
  readonly prompt?: string
  readonly user: string
  readonly teams: readonly string[]
  readonly actionClass: ActionClass
}

/** What a condition comes to: true, false, or why it cannot be said. */
export type Meanings = ReadonlyMap<string, boolean | string>

export interface NaiveDecision {
  readonly effect: Effect
  readonly reason: string
  readonly isFault: boolean
  readonly rules: readonly string[]
  readonly warnings: readonly string[]
  readonly trial: readonly string[]
  /** Ids of the rules that want something done; none of a refusal or a question. */
  readonly duties: readonly string[]
}

const order = ['organisation', 'team', 'server', 'tool']
const strict: readonly Effect[] = ['allow', 'dry_run', 'ask', 'deny']

/** The rules read straight down the page, with nothing found by an index and nothing cut short. */
export function naiveDecision(set: RuleSet, call: NaiveCall, meanings: Meanings): NaiveDecision {
  const said = [...set.files]
    .filter(({ scope }) => scopeFits(scope, call))
    .sort((a, b) => order.indexOf(a.layer) - order.indexOf(b.layer) || compare(a.name, b.name))
    .map((file) => fileSays(file, call, meanings))
  const strictest = Math.max(0, ...said.map(({ effect }) => strict.indexOf(effect)))
  const equal = said.filter(({ effect }) => strict.indexOf(effect) === strictest)
  const first = equal.find(({ isFault }) => isFault) ?? equal.find(({ rules }) => rules.length > 0)
  const effect = strict[strictest] ?? 'deny'
  const isDone = effect === 'allow' || effect === 'dry_run'
  const duties = isDone ? said.flatMap((each) => each.duties) : []
  const others = equal.filter((each) => each !== first)
  return {
    effect,
    reason: first?.reason ?? '',
    isFault: first?.isFault ?? false,
    rules: [
      ...(first?.rules ?? []),
      ...others.flatMap(({ rules }) => rules),
      ...[...said.flatMap(({ records }) => records), ...duties].sort(compare),
    ],
    warnings: said.flatMap(({ warnings }) => warnings),
    trial: said.flatMap(({ trial }) => trial),
    duties: [...duties].sort(compare),
  }
}

interface FileSays {
  readonly effect: Effect
  readonly reason: string
  readonly isFault: boolean
  readonly rules: readonly string[]
  readonly records: readonly string[]
  readonly duties: readonly string[]
  readonly warnings: readonly string[]
  readonly trial: readonly string[]
}

const governed = [
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'prompts/get',
  'completion/complete',
]

function fileSays(file: RuleFile, call: NaiveCall, meanings: Meanings): FileSays {
  const rules = file.rules
    .filter((rule) => rule.hook === call.hook && matches(rule, call))
    .sort((a, b) => compare(a.id, b.id))
    .map((rule) => ({
      rule,
      means: rule.when === undefined ? true : (meanings.get(rule.when) ?? 'no meaning'),
    }))
    .filter(({ means }) => means !== false)
  const inForce = rules.filter(({ rule }) => rule.mode === 'enforce')
  const holding = inForce.filter(({ means }) => means === true).map(({ rule }) => rule)
  const of = (effect: string): readonly Rule[] =>
    holding.filter(({ action }) => action.effect === effect)
  const isNote = ({ action }: Rule): boolean =>
    action.effect === 'warn' || action.effect === 'audit'
  const errors = inForce.filter(({ rule, means }) => typeof means === 'string' && !isNote(rule))
  const isRefused = file.default === 'deny' && call.hook === 'pre' && governed.includes(call.kind)
  const isExempt = call.hook === 'post' && of('allow').length > 0
  const redactions = ['filter_fields', 'filter_sensitive', 'mask_fields']
  const base = {
    isFault: false,
    records: holding.filter(isNote).map(({ id }) => id),
    duties: holding
      .filter(({ action }) => ['patch', 'replace', ...redactions].includes(action.effect))
      .filter(({ action }) => !(isExempt && redactions.includes(action.effect)))
      .map(({ id }) => id),
    warnings: [
      ...of('warn').map(({ reason }) => reason),
      ...rules
        .filter(
          ({ rule, means }) => typeof means === 'string' && !errors.some((e) => e.rule === rule),
        )
        .map(({ rule, means }) => `${rule.id}: ${String(means)}`),
    ],
    trial: trialOf(file, rules, isRefused, call),
  }
  const ids = (some: readonly Rule[]): readonly string[] => some.map(({ id }) => id)
  const [error] = errors
  if (error !== undefined) {
    const erring = errors.map(({ rule }) => rule.id)
    const reason = String(error.means)
    return {
      ...base,
      effect: 'deny',
      reason,
      isFault: true,
      rules: [...erring, ...ids(of('deny'))],
    }
  }
  const [deny] = of('deny')
  if (deny !== undefined) {
    return { ...base, effect: 'deny', reason: deny.reason, rules: ids(of('deny')) }
  }
  if (isRefused && file.mode === 'enforce' && of('allow').length === 0) {
    const rule = `${file.name}:default`
    return { ...base, effect: 'deny', reason: 'no rule allows it', rules: [rule] }
  }
  for (const effect of ['ask', 'dry_run'] as const) {
    const [first] = of(effect)
    if (first !== undefined)
      return { ...base, effect, reason: first.reason, rules: ids(of(effect)) }
  }
  const reason = of('allow')[0]?.reason ?? ''
  return { ...base, effect: 'allow', reason, rules: ids(of('allow')) }
}

function trialOf(
  file: RuleFile,
  rules: readonly { readonly rule: Rule; readonly means: boolean | string }[],
  isRefused: boolean,
  { hook }: NaiveCall,
): readonly string[] {
  const held = rules.filter(({ means }) => means === true).map(({ rule }) => rule)
  const has = (effect: string): boolean => held.some(({ action }) => action.effect === effect)
  const redactions = ['filter_fields', 'filter_sensitive', 'mask_fields']
  const isExempt = hook === 'post' && has('allow')
  const marks = held
    .filter(({ mode }) => mode !== 'enforce')
    .filter(({ action }) => !(isExempt && redactions.includes(action.effect)))
    .map(({ id }) => id)
  const byDefault = isRefused && file.mode !== 'enforce' && !has('allow') && !has('deny')
  return byDefault ? [...marks, `${file.name}:default`] : marks
}

function scopeFits(
  { server, team, user, tool, kind }: RuleFile['scope'],
  call: NaiveCall,
): boolean {
  return (
    (server === undefined || like(server, call.server)) &&
    (kind === undefined || like(kind, call.kind)) &&
    (user === undefined || like(user, call.user)) &&
    (team === undefined || call.teams.some((one) => like(team, one))) &&
    (tool === undefined || (call.tool !== undefined && like(tool, call.tool)))
  )
}

function matches({ match, action }: Rule, call: NaiveCall): boolean {
  const { kind, client, user, team, server, tool, resource, prompt, actionClass } = match
  const any = (globs: readonly string[] | undefined, value: string | undefined): boolean =>
    globs === undefined || (value !== undefined && globs.some((glob) => like(glob, value)))
  const isMutation = actionClass?.some((one) => one !== 'read' && one !== 'unknown') === true
  const fitsClass =
    actionClass === undefined ||
    (call.tool !== undefined &&
      (actionClass.includes(call.actionClass) ||
        (call.actionClass === 'unknown' && action.effect !== 'allow' && isMutation)))
  return (
    any(kind, call.kind) &&
    any(client, '') &&
    any(user, call.user) &&
    (team === undefined || call.teams.some((one) => any(team, one))) &&
    any(server, call.server) &&
    any(tool, call.tool) &&
    any(resource, call.resource) &&
    any(prompt, call.prompt) &&
    fitsClass
  )
}

function like(glob: string, text: string): boolean {
  const pieces = glob.split('*').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pieces.join('.*')}$`, 's').test(text)
}

function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
