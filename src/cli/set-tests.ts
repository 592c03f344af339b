import { createOpa } from '../bundles/opa.js'
import type { ClassifyTool } from '../domain/action-class.js'
import type { Bundle } from '../domain/bundle.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { readCases } from '../policy/cases.js'
import { createPatterns } from '../policy/patterns.js'
import { readRuleTests } from '../policy/rule-tests.js'
import { runCase, type CaseOutcome } from './case-tests.js'
import type { LiveServer } from './live-server.js'
import { compileLocally } from './local-policy.js'
import type { RegoSources } from './policy-path.js'
import { capabilitiesFile } from './policy-set.js'
import { runRegoTests, type RegoTests } from './rego-tests.js'
import { ruleCoverageOf, type RuleCoverage } from './rule-coverage.js'

/** What became of everything that a policy says of itself. */
export interface SetOutcome {
  /** Undefined where there are no sources, as in a bundle. */
  readonly rego: RegoTests | undefined
  readonly cases: readonly CaseOutcome[]
  /** Undefined where there are no rules. */
  readonly coverage: RuleCoverage | undefined
  /** Nothing failed. */
  readonly passed: boolean
}

export interface TestedSet {
  readonly bundle: Bundle
  readonly rego: RegoSources | undefined
  /** Where cases without a response get one. */
  readonly server?: LiveServer | undefined
}

/**
 * Runs the Rego tests of the set, where its folder is given, the cases of the bundle, and the tests in its rules.
 * @throws PolicySupplyError
 */
export async function testSet({ bundle, rego: sources, server }: TestedSet): Promise<SetOutcome> {
  const rego =
    sources === undefined
      ? undefined
      : await runRegoTests(createOpa(sources.opa, sources.set), capabilitiesFile)
  const cases = await runCases(bundle, server)
  const coverage = ruleCoverageOf(bundle, cases)
  const isPassed =
    (rego?.failures ?? []).length === 0 && cases.every(({ verdict }) => verdict !== 'failed')
  return { rego, cases, coverage, passed: isPassed }
}

/** @throws PolicySupplyError */
export function casesOf({ cases, rules }: Bundle): readonly PolicyCase[] {
  return [...readCases(cases), ...readRuleTests(rules)]
}

async function runCases(
  bundle: Bundle,
  server: LiveServer | undefined,
): Promise<readonly CaseOutcome[]> {
  const cases = casesOf(bundle)
  if (cases.length === 0) return []
  const patterns = createPatterns()
  // What a list shows depends on what its tools do, which each case may say for itself.
  let classify: ClassifyTool = () => 'unknown'
  try {
    const policy = await compileLocally(bundle, {
      classify: (...tool) => classify(...tool),
    })
    const outcomes: CaseOutcome[] = []
    for (const each of cases) {
      const outcome = await runCase(each, {
        policy,
        patterns,
        server,
        classified: (own) => (classify = own),
      })
      outcomes.push(outcome)
    }
    return outcomes
  } finally {
    await patterns.close()
  }
}
