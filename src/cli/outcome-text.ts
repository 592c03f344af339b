import type { CaseOutcome } from './case-tests.js'
import type { Difference } from './difference.js'
import type { RegoTests } from './rego-tests.js'
import type { RuleCoverage } from './rule-coverage.js'
import type { SetOutcome } from './set-tests.js'

/** One line for each failure, with what was expected below it, what was skipped, and a summary. */
export function outcomeLines({ rego, cases, coverage }: SetOutcome): string {
  const lines = [
    ...(rego?.failures ?? []).map(({ location, test, why }) => `FAIL ${location} ${test}: ${why}`),
    ...cases.flatMap(caseLines),
    ...(rego === undefined ? [] : [regoSummary(rego)]),
    caseSummary(cases),
    ...(coverage === undefined || cases.length === 0 ? [] : [coverageSummary(coverage)]),
  ]
  return `${lines.join('\n')}\n`
}

function caseLines({ verdict, place, name, differences }: CaseOutcome): readonly string[] {
  switch (verdict) {
    case 'passed':
      return []
    case 'skipped':
      return [`SKIP ${place} ${name}: ${needsServer}`]
    case 'failed':
      return [`FAIL ${place} ${name}`, ...differences.flatMap(differenceLines)]
  }
}

/** What to do about a case that was not run to its end. */
export const needsServer = 'it has no response; give it one, or name a server with --url'

export function differenceLines({ what, expected, actual, diff }: Difference): readonly string[] {
  const head = `  - expected ${what}: ${expected}`
  if (diff.length === 0) return [head, `  +      got ${what}: ${actual}`]
  return [head, ...diff.map((line) => `    ${line}`)]
}

function regoSummary({ passed, failures, skipped, coverage, uncovered }: RegoTests): string {
  const counts = `rego tests: ${passed} passed, ${failures.length} failed`
  const left = skipped === 0 ? '' : `, ${skipped} skipped`
  if (coverage === undefined) return `${counts}${left}`
  const missing = uncovered.length === 0 ? '' : `; no test runs ${uncovered.join(', ')}`
  return `${counts}${left}; coverage ${coverage} %${missing}`
}

function caseSummary(cases: readonly CaseOutcome[]): string {
  const [passed, failed, skipped] = (['passed', 'failed', 'skipped'] as const).map(
    (verdict) => cases.filter((each) => each.verdict === verdict).length,
  )
  const left = skipped === 0 ? '' : `, ${skipped} skipped`
  return `cases: ${passed} passed, ${failed} failed${left}`
}

function coverageSummary({ rules, unheld, percent }: RuleCoverage): string {
  const missing =
    unheld.length === 0
      ? ''
      : `; no case makes hold ${unheld.map(({ id, place }) => `${id} (${place})`).join(', ')}`
  return `rules: ${rules - unheld.length} of ${rules} held; coverage ${percent} %${missing}`
}
