import type { CaseOutcome } from './case-tests.js'
import { differenceLines, needsServer } from './outcome-text.js'
import type { RegoTests } from './rego-tests.js'
import type { RuleCoverage } from './rule-coverage.js'
import type { SetOutcome } from './set-tests.js'

/** The outcome for CI systems: JUnit XML, as most of them read it. */
export function junitOf({ rego, cases, coverage }: SetOutcome): string {
  const suites = [
    ...(rego === undefined ? [] : [regoSuite(rego)]),
    caseSuite(cases),
    ...(coverage === undefined ? [] : [coverageSuite(coverage)]),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`
}

/** Of the Rego tests only those that failed are known by name. */
function regoSuite({ passed, failures, skipped }: RegoTests): string {
  return suite(
    'rego',
    { tests: passed + failures.length + skipped, failures: failures.length, skipped },
    failures.map(({ test, location, why }) =>
      testCase({ name: test, place: location }, `<failure>${escaped(why)}</failure>`),
    ),
  )
}

function caseSuite(cases: readonly CaseOutcome[]): string {
  const count = (verdict: CaseOutcome['verdict']): number =>
    cases.filter((each) => each.verdict === verdict).length
  return suite(
    'cases',
    { tests: cases.length, failures: count('failed'), skipped: count('skipped') },
    cases.map((each) => testCase(each, consequence(each))),
  )
}

function consequence({ verdict, differences }: CaseOutcome): string {
  switch (verdict) {
    case 'passed':
      return ''
    case 'skipped':
      return `<skipped message="${escaped(needsServer)}"/>`
    case 'failed':
      return `<failure>${escaped(differences.flatMap(differenceLines).join('\n'))}</failure>`
  }
}

/** A rule that no case makes hold is told without failing anything: --coverage does that. */
function coverageSuite({ rules, unheld, percent }: RuleCoverage): string {
  const properties = [
    ['coverage', String(percent)],
    ['rules', String(rules)],
    ...unheld.map(({ id, place }) => ['not held', `${id} (${place})`]),
  ].map(([name = '', value = '']) => `<property name="${name}" value="${escaped(value)}"/>`)
  return suite('rules', { tests: 0, failures: 0, skipped: 0 }, [
    `<properties>${properties.join('')}</properties>`,
  ])
}

function suite(
  name: string,
  counts: { readonly tests: number; readonly failures: number; readonly skipped: number },
  content: readonly string[],
): string {
  const { tests, failures, skipped } = counts
  const head = `<testsuite name="${name}" tests="${tests}" failures="${failures}" skipped="${skipped}">`
  return `${head}\n${content.join('\n')}\n</testsuite>`
}

function testCase(
  { name, place }: { readonly name: string; readonly place: string },
  content: string,
): string {
  const head = `<testcase classname="${escaped(place)}" name="${escaped(name)}"`
  return content === '' ? `${head}/>` : `${head}>${content}</testcase>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/gu, '\ufffd')
}
