import { createGlob } from '../../domain/glob.js'
import { knownMethods, methodRow } from '../../wire/methods.js'
import type { Draft } from './rule-draft.js'
import type { Rule, RuleAction, RuleFile } from './rule.js'

/** A file as it was read, each rule with what it was read from. */
export interface ReadFile {
  readonly file: RuleFile
  readonly rules: readonly ReadRule[]
}

export interface ReadRule {
  readonly rule: Rule
  readonly draft: Draft
}

/** Warns of what is allowed and cannot have been meant. */
export function lintRules({ file, rules }: ReadFile): void {
  for (const each of rules) {
    lintCondition(each)
    lintClient(each)
    lintScope(each, file)
    lintAllow(each, file)
  }
  lintShadowed(rules)
}

function lintCondition({ draft }: ReadRule): void {
  const { condition, keys, reporter, text } = draft
  if (condition?.constant === false) reporter.warn([keys.when], 'never holds, whatever the call is')
  if (condition?.constant === true && text.when?.trim() !== 'true') {
    const advice = draft.form === 'rule' ? 'leave it out' : 'write "true"'
    reporter.warn([keys.when], `holds whatever the call is: ${advice}`)
  }
}

function lintClient({ rule, draft }: ReadRule): void {
  const { client } = rule.match
  // The id of a client is empty as long as no identity verifies one.
  if (client === undefined || client.some((glob) => createGlob(glob)(''))) return
  const claimed = 'for what a client says of itself write when: "client.claimed.name == …"'
  draft.reporter.warn(['match', 'client'], `never fits, as no client is verified: ${claimed}`)
}

/** A rule that names a tool, server or kind which the scope of its file shuts out. */
function lintScope({ rule, draft }: ReadRule, { scope }: RuleFile): void {
  for (const member of ['server', 'tool', 'kind'] as const) {
    const own = rule.match[member]
    const around = scope[member]
    if (own === undefined || around === undefined || own.some((glob) => canMeet(glob, around))) {
      continue
    }
    const path = draft.text.match?.[member] === undefined ? [] : ['match', member]
    draft.reporter.warn(path, `never fits: the scope of the file has ${member} "${around}" only`)
  }
  const isOfTools = rule.match.kind?.some(canBeOfTools) ?? true
  if (scope.tool !== undefined && !isOfTools) {
    draft.reporter.warn(
      ['match', 'kind'],
      'never fits: the scope of the file has calls of tools only',
    )
  }
}

/** Whether some name fits both; two globs are taken to have one. */
function canMeet(left: string, right: string): boolean {
  if (left.includes('*') && right.includes('*')) return true
  return createGlob(left)(right) || createGlob(right)(left)
}

function canBeOfTools(kind: string): boolean {
  const fitting = knownMethods().filter(createGlob(kind))
  return fitting.length === 0 || fitting.some((each) => methodRow(each)?.target === 'tool')
}

/** An allow that changes nothing: there is nothing that it could satisfy or exempt from. */
function lintAllow({ rule, draft }: ReadRule, { default: standing, rules }: RuleFile): void {
  const { action, hook, labels } = rule
  if (action.effect !== 'allow' || Object.keys(labels).length > 0) return
  if (hook === 'pre' && standing === 'allow') {
    const advice = 'an allow outweighs nothing, and calls pass here by default'
    draft.reporter.warn([draft.keys.effect], `has no effect: ${advice}`)
  }
  if (hook === 'post' && !rules.some(isExempted)) {
    const advice = 'no rule of this file filters or masks results'
    draft.reporter.warn([draft.keys.effect], `exempts from nothing: ${advice}`)
  }
}

function isExempted({ action, hook }: Rule): boolean {
  return hook === 'post' && exemptible.has(action.effect)
}

const exemptible: ReadonlySet<RuleAction['effect']> = new Set([
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
])

/** Rules that hold only where a stricter one of their file does, beside which they do nothing. */
function lintShadowed(rules: readonly ReadRule[]): void {
  const enforced = rules.filter(({ rule }) => rule.mode === 'enforce')
  const strictest = new Map<string, Rule>()
  for (const { rule } of enforced) {
    const { effect } = rule.action
    const key = whenOf(rule)
    if (effect === 'deny' || (effect === 'ask' && !strictest.has(key))) strictest.set(key, rule)
  }
  for (const { rule, draft } of enforced) {
    const stricter = strictest.get(whenOf(rule))
    if (stricter === undefined || !shadows(stricter, rule)) continue
    const where = `${stricter.id} (${stricter.place}) says ${stricter.action.effect}`
    draft.reporter.warn([], `has no effect: ${where} for the same calls`)
  }
}

function shadows({ action: { effect } }: Rule, { action: { effect: other } }: Rule): boolean {
  if (effect === 'ask') return other === 'dry_run'
  return effect === 'deny' && !leavesRecord.has(other)
}

const leavesRecord: ReadonlySet<RuleAction['effect']> = new Set(['deny', 'warn', 'audit'])

/** The same for rules that hold for the same calls, however their matchers are ordered. */
function whenOf({ hook, match, when }: Rule): string {
  const members = Object.entries<readonly string[]>({ ...match }).map(
    ([name, globs]) => [name, globs.toSorted()] as const,
  )
  return JSON.stringify([hook, when, members.toSorted(([a], [b]) => (a < b ? -1 : 1))])
}
