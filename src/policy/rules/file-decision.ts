import type { Decision, Ruling } from '../../domain/decision.js'
import type { JsonObject } from '../../domain/json.js'
import type { Said } from '../combine.js'
import { givenBy, type CompiledRule } from './compiled-rule.js'
import {
  isBroken,
  isExemptible,
  isExemption,
  isHolding,
  type Broken,
  type Finding,
} from './file-findings.js'
import { isHarmless } from './harmless.js'
import type { Judgement } from './judgement.js'
import type { Seat } from './rule-index.js'
import type { RuleSet } from './rule.js'
import { defaultReason, defaultRule, trialMarks } from './trial-marks.js'

/** What one file says of a call, of the rules that were found; undefined where that is nothing. */
export function decideFile(
  seat: Seat,
  findings: readonly Finding[],
  { input, onRuleError }: Pick<Judgement, 'input' | 'onRuleError'>,
  parts: { readonly revision: string; readonly sensitive: RuleSet['sensitive'] },
): Said | undefined {
  if (findings.length === 0 && seat.refuses === undefined) return undefined
  const held = rulesOf(findings.filter(isHolding)).filter(({ isOnTrial }) => !isOnTrial)
  const broken = findings.filter(isBroken)
  const harmless = broken.filter(({ rule }) => isHarmless(rule))
  for (const { held: error } of harmless) onRuleError(error.cause)
  const ruling: Ruling = {
    engine: 'rules',
    rules: [],
    revision: parts.revision,
    warnings: [...warningsOf(held), ...harmless.map(asWarning)],
    labels: labelsOf(held),
    trial: trialMarks(seat, findings),
  }
  const { operation } = input.call
  const tool = operation.type === 'tool' ? operation.name : undefined
  const blocking = broken.filter(({ rule }) => !isHarmless(rule))
  return {
    name: seat.file.file.name,
    decision: decisionOf(seat, blocking, held, ruling),
    given: dutiesIn(held).flatMap((rule) => givenBy(rule, tool, parts.sensitive) ?? []),
    records: idsOf(held.filter(isHarmless)),
  }
}

/** An error comes before a deny, so that nothing hides it. */
function decisionOf(
  { file: { file }, refuses }: Seat,
  broken: readonly Broken[],
  held: readonly CompiledRule[],
  ruling: Ruling,
): Decision {
  const denies = withEffect(held, 'deny')
  const [error] = broken
  if (error !== undefined) {
    const rules = idsOf([...rulesOf(broken), ...denies])
    const { cause, reason } = error.held
    return { ...ruling, ...refusal, rules, code: 'policy_error', reason, fault: cause }
  }
  if (denies.length > 0) return denied(denies, ruling)
  const allows = withEffect(held, 'allow')
  if (refuses === 'enforce' && allows.length === 0) {
    return { ...ruling, ...refusal, rules: [defaultRule(file)], reason: defaultReason }
  }
  return permitted(held, allows, ruling)
}

const refusal = {
  effect: 'deny',
  code: 'policy_deny',
  remedy: '',
  retryAfterSec: undefined,
  fault: undefined,
} as const

function denied(denies: readonly CompiledRule[], ruling: Ruling): Decision {
  const [first] = denies
  const action = first?.rule.action
  const told =
    action?.effect === 'deny'
      ? { code: action.code, remedy: action.remedy, retryAfterSec: action.retryAfterSec }
      : {}
  const reason = first?.rule.reason ?? ''
  return { ...ruling, ...refusal, ...told, rules: idsOf(denies), reason }
}

function permitted(
  held: readonly CompiledRule[],
  allows: readonly CompiledRule[],
  ruling: Ruling,
): Decision {
  const asks = withEffect(held, 'ask')
  const asked = asks[0]?.rule
  if (asked?.action.effect === 'ask') {
    const { remedy, terms } = asked.action
    return { ...ruling, effect: 'ask', rules: idsOf(asks), reason: asked.reason, remedy, terms }
  }
  const dryRuns = withEffect(held, 'dry_run')
  const effect = dryRuns.length > 0 ? 'dry_run' : 'allow'
  const deciding = dryRuns.length > 0 ? dryRuns : allows
  const reason = deciding[0]?.rule.reason ?? ''
  return { ...ruling, effect, rules: idsOf(deciding), reason, obligations: [] }
}

/** Rules that want something done, but for those that the caller is exempted from. */
function dutiesIn(held: readonly CompiledRule[]): readonly CompiledRule[] {
  const isExempt = held.some(isExemption)
  return isExempt ? held.filter((rule) => !isExemptible(rule)) : held
}

function warningsOf(held: readonly CompiledRule[]): readonly string[] {
  return withEffect(held, 'warn').map(({ rule }) => (rule.reason === '' ? rule.id : rule.reason))
}

function asWarning({ rule: { rule }, held }: Broken): string {
  return `${rule.id}: ${held.reason}`
}

/** Of two that differ the first by id stands. */
function labelsOf(held: readonly CompiledRule[]): JsonObject {
  const entries = held.flatMap(({ rule }) => Object.entries(rule.labels))
  return entries.length === 0 ? noLabels : Object.fromEntries(entries.toReversed())
}

const noLabels: JsonObject = {}

function withEffect(
  rules: readonly CompiledRule[],
  effect: 'allow' | 'warn' | 'deny' | 'ask' | 'dry_run',
): readonly CompiledRule[] {
  return rules.filter(({ rule }) => rule.action.effect === effect)
}

function rulesOf(findings: readonly Finding[]): readonly CompiledRule[] {
  return findings.map(({ rule }) => rule)
}

function idsOf(rules: readonly CompiledRule[]): readonly string[] {
  return rules.map(({ rule }) => rule.id)
}
