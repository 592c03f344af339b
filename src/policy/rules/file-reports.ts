import type { FileReport, RuleReport } from '../../domain/explanation.js'
import type { Held } from '../cel/condition.js'
import { isAbout, type CompiledFile } from './compiled-rule.js'
import { decideFile } from './file-decision.js'
import { findingsOf, isExemptible, isExemption, isInScope, type Finding } from './file-findings.js'
import { isHarmless } from './harmless.js'
import type { Judgement } from './judgement.js'
import { subjectOf } from './matchers.js'
import type { RuleHook, RuleIndex, Seat } from './rule-index.js'
import type { RuleSet } from './rule.js'
import { defaultRule } from './trial-marks.js'

export interface ReportParts {
  readonly revision: string
  readonly files: readonly CompiledFile[]
  readonly index: RuleIndex
  readonly sensitive: RuleSet['sensitive']
}

/** What each file says whose scope the call is in, and what each of its rules that fits came to. */
export function reportsOn(
  hook: RuleHook,
  judgement: Judgement,
  parts: ReportParts,
): readonly FileReport[] {
  const { call } = judgement.input
  const subject = subjectOf(call)
  const seats = new Map(parts.index.seats(hook, subject).map((seat) => [seat.file, seat]))
  return parts.files
    .filter((file) => file.fitsSubject(subject) && isInScope(file, call))
    .map((file) => {
      return reportOf(seats.get(file) ?? { file, rules: [], refuses: undefined }, judgement, parts)
    })
}

function reportOf(seat: Seat, judgement: Judgement, parts: ReportParts): FileReport {
  const findings = findingsOf(seat, judgement)
  const quiet = { ...judgement, onRuleError: () => undefined }
  const decision = decideFile(seat, findings, quiet, parts)?.decision
  const { name, layer } = seat.file.file
  const isRefused = decision?.rules.includes(defaultRule(seat.file.file)) === true
  return {
    name,
    layer,
    effect: decision?.effect ?? 'allow',
    decides: false,
    byDefault: isRefused || findings.every(({ rule }) => isHarmless(rule)),
    rules: ruleReports(seat, findings, judgement),
  }
}

function ruleReports(
  { rules }: Seat,
  findings: readonly Finding[],
  judgement: Judgement,
): readonly RuleReport[] {
  const { call, actionClass } = judgement.input
  const held = new Map(findings.map((finding) => [finding.rule, finding.held]))
  const isExempt = findings.some(exempts)
  return rules
    .filter((rule) => isAbout(rule, call, actionClass))
    .map((rule) => {
      const said = held.get(rule) ?? fails
      const { id, place, action, mode, reason, when } = rule.rule
      return {
        ...{ id, place, mode, reason, when },
        effect: action.effect,
        outcome: isExempt && isExemptible(rule) ? outcomeIfExempt(said) : outcomes[said.type],
        values: rule.condition?.explain(judgement.context()) ?? [],
        error: said.type === 'error' ? said.reason : undefined,
      }
    })
}

const fails: Held = { type: 'fails' }

const outcomes = { holds: 'holds', fails: 'does not hold', error: 'error' } as const

function outcomeIfExempt({ type }: Held): RuleReport['outcome'] {
  return type === 'holds' ? 'exempted' : outcomes[type]
}

function exempts({ rule, held }: Finding): boolean {
  return isExemption(rule) && !rule.isOnTrial && held.type === 'holds'
}
