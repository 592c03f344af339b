import { isDeepStrictEqual } from 'node:util'
import { strictness, type Decision, type Effect } from '../domain/decision.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { decidingOf, type CaseRun } from './case-run.js'
import { difference, type Difference } from './difference.js'
import { argumentsIn } from './run-explanation.js'
import { listDifferences, resultDifferences, unchangedDifferences } from './result-differences.js'

export interface CaseReport extends CaseRun {
  /** Layers of the files of rules that decide. */
  readonly layers: readonly string[]
}

export function differencesOf(told: PolicyCase, report: CaseReport): readonly Difference[] {
  if (report.fault !== undefined) {
    return [difference('the call', 'to be answered', report.fault)]
  }
  return [
    ...decisionDifferences(told, report),
    ...patchedDifferences(told, report),
    ...listDifferences(told, report),
    ...resultDifferences(told, report),
    ...unchangedDifferences(told, report),
  ]
}

function decisionDifferences(
  { expect, mode }: PolicyCase,
  report: CaseReport,
): readonly Difference[] {
  const decisions = report.decisions.map(({ decision }) => decision)
  const deciding = decidingOf(report)
  const effect = mode === 'enforce' ? (deciding?.effect ?? 'allow') : 'allow'
  const all = {
    rules: decisions.flatMap(({ rules }) => rules),
    trial: decisions.flatMap(({ trial }) => trial.map(({ rule }) => rule)),
    warnings: decisions.flatMap(({ warnings }) => warnings),
  }
  return [
    ...differs('effect', expect.effect, effect, why(deciding, effect)),
    ...differs('would', expect.would, wouldOf(decisions, mode), why(deciding, effect)),
    ...differs('code', expect.code, codeOf(deciding)),
    ...reasonDifferences(expect.reason, deciding, decisions),
    ...missing('layer', expect.layer === undefined ? [] : [expect.layer], report.layers),
    ...missing('rules', expect.rules, all.rules),
    ...missing('trial', expect.trial, all.trial),
    ...missing('warnings', expect.warnings, all.warnings, (warning, sought) =>
      warning.includes(sought),
    ),
  ]
}

function differs(
  what: string,
  expected: string | undefined,
  actual: string,
  explanation = '',
): readonly Difference[] {
  if (expected === undefined || expected === actual) return []
  return [difference(what, expected, `${actual}${explanation}`)]
}

function missing(
  what: string,
  expected: readonly string[],
  actual: readonly string[],
  fits: (each: string, sought: string) => boolean = (each, sought) => each === sought,
): readonly Difference[] {
  return expected
    .filter((sought) => !actual.some((each) => fits(each, sought)))
    .map((sought) => difference(what, sought, [...new Set(actual)].join(', ') || 'none'))
}

/** Outside enforce what the decisions say, and everywhere what rules on trial say. */
function wouldOf(decisions: readonly Decision[], mode: PolicyCase['mode']): Effect {
  const decided = mode === 'enforce' ? [] : decisions.map(({ effect }) => effect)
  const onTrial = decisions.flatMap(({ trial }) => trial.map(({ effect }) => effect))
  return [...decided, ...onTrial].reduce<Effect>(
    (first, second) => (strictness[second] > strictness[first] ? second : first),
    'allow',
  )
}

function codeOf(deciding: Decision | undefined): string {
  if (deciding?.effect === 'deny') return deciding.code
  return deciding?.effect === 'ask' ? 'approval_required' : 'none'
}

/** Where nothing stops the call, any of the hooks may give the reason. */
function reasonDifferences(
  expected: string | undefined,
  deciding: Decision | undefined,
  decisions: readonly Decision[],
): readonly Difference[] {
  if (expected === undefined) return []
  const passes = deciding === undefined || deciding.effect === 'allow'
  const reasons = passes
    ? decisions.flatMap(({ reason, trial }) => [reason, ...trial.map((rule) => rule.reason)])
    : [deciding.reason]
  return missing(
    'reason',
    [expected],
    reasons.filter((reason) => reason !== '' || expected === ''),
  )
}

function why(deciding: Decision | undefined, effect: Effect): string {
  if (deciding?.effect !== 'deny' || effect !== 'deny') return ''
  const fault = deciding.fault === undefined ? '' : `, ${deciding.fault}`
  return ` (${deciding.code}${fault}${deciding.reason === '' ? '' : `: ${deciding.reason}`})`
}

function patchedDifferences({ expect }: PolicyCase, { sent }: CaseRun): readonly Difference[] {
  const { patchedArgs } = expect
  if (patchedArgs === undefined) return []
  if (sent === undefined) {
    return [difference('patched args', JSON.stringify(patchedArgs), 'nothing is sent')]
  }
  const args = argumentsIn(sent)
  if (isDeepStrictEqual(args, patchedArgs)) return []
  return [difference('patched args', JSON.stringify(patchedArgs), JSON.stringify(args))]
}
