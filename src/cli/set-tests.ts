import { createOpa } from '../bundles/opa.js'
import { readCases } from '../bundles/cases.js'
import type { Bundle } from '../domain/bundle.js'
import { createPatterns } from '../policy/patterns.js'
import { runCase, type CaseOutcome } from './case-tests.js'
import { compileLocally } from './local-policy.js'
import { capabilitiesFile } from './policy-set.js'
import { runRegoTests, type RegoTests } from './rego-tests.js'

/** What became of everything that a policy set says of itself. */
export interface SetOutcome {
  /** Undefined where there are no sources, as in a bundle. */
  readonly rego: RegoTests | undefined
  readonly cases: readonly CaseOutcome[]
  /** Nothing failed. */
  readonly passed: boolean
}

/**
 * Runs the Rego tests of the set, where its folder is given, and the cases of the bundle.
 * @throws PolicySupplyError
 */
export async function testSet(tested: {
  readonly bundle: Bundle
  readonly sources?: { readonly set: string; readonly opa: string }
}): Promise<SetOutcome> {
  const { bundle, sources } = tested
  const rego =
    sources === undefined
      ? undefined
      : await runRegoTests(createOpa(sources.opa, sources.set), capabilitiesFile)
  const cases = await runCases(bundle)
  const isPassed =
    (rego?.failures ?? []).length === 0 &&
    cases.every(({ differences }) => differences.length === 0)
  return { rego, cases, passed: isPassed }
}

async function runCases(bundle: Bundle): Promise<readonly CaseOutcome[]> {
  const cases = readCases(bundle.cases)
  if (cases.length === 0) return []
  const patterns = createPatterns()
  try {
    const policy = await compileLocally(bundle)
    const outcomes: CaseOutcome[] = []
    for (const each of cases) outcomes.push(await runCase(each, policy, patterns))
    return outcomes
  } finally {
    await patterns.close()
  }
}

/** One line for each failure, with what was expected below it, and a summary. */
export function outcomeLines({ rego, cases }: SetOutcome): string {
  const failed = cases.filter(({ differences }) => differences.length > 0)
  const lines = [
    ...(rego?.failures ?? []).map(({ location, test, why }) => `FAIL ${location} ${test}: ${why}`),
    ...failed.flatMap(({ place, name, differences }) => [
      `FAIL ${place} ${name}`,
      ...differences.flatMap(({ what, expected, actual }) => [
        `  - expected ${what}: ${expected}`,
        `  +      got ${what}: ${actual}`,
      ]),
    ]),
    ...(rego === undefined ? [] : [regoSummary(rego)]),
    `cases: ${cases.length - failed.length} passed, ${failed.length} failed`,
  ]
  return `${lines.join('\n')}\n`
}

function regoSummary({ passed, failures, skipped, coverage, uncovered }: RegoTests): string {
  const counts = `rego tests: ${passed} passed, ${failures.length} failed`
  const left = skipped === 0 ? '' : `, ${skipped} skipped`
  if (coverage === undefined) return `${counts}${left}`
  const missing = uncovered.length === 0 ? '' : `; no test runs ${uncovered.join(', ')}`
  return `${counts}${left}; coverage ${coverage} %${missing}`
}

/** The same for CI systems: JUnit XML, as most of them read it. */
export function junitOf({ rego, cases }: SetOutcome): string {
  const failures = rego?.failures ?? []
  const suites = [
    ...(rego === undefined
      ? []
      : [
          suite(
            'rego',
            rego.passed + failures.length,
            failures.map(({ test, location, why }) => ({
              name: test,
              place: location,
              text: why,
            })),
          ),
        ]),
    caseSuite(cases),
  ]
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`
}

function caseSuite(cases: readonly CaseOutcome[]): string {
  const tests = cases.map(({ name, place, differences }) =>
    testCase(
      { name, place },
      differences
        .map(({ what, expected, actual }) => `${what}: expected ${expected}, got ${actual}`)
        .join('\n'),
    ),
  )
  const failed = cases.filter(({ differences }) => differences.length > 0).length
  return `<testsuite name="cases" tests="${cases.length}" failures="${failed}">\n${tests.join('\n')}\n</testsuite>`
}

/** Of the Rego tests only those that failed are known by name. */
function suite(
  name: string,
  count: number,
  failed: readonly { readonly name: string; readonly place: string; readonly text: string }[],
): string {
  const tests = failed.map((each) => testCase(each, each.text))
  return `<testsuite name="${name}" tests="${count}" failures="${failed.length}">\n${tests.join('\n')}\n</testsuite>`
}

function testCase(
  { name, place }: { readonly name: string; readonly place: string },
  failure: string,
): string {
  const head = `<testcase classname="${escaped(place)}" name="${escaped(name)}"`
  return failure === '' ? `${head}/>` : `${head}><failure>${escaped(failure)}</failure></testcase>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/gu, '\ufffd')
}
