import type { Bundle } from '../domain/bundle.js'
import { readRules } from '../policy/rules/read-rules.js'
import type { CaseOutcome } from './case-tests.js'

/** Which rules in YAML the cases made hold. */
export interface RuleCoverage {
  readonly rules: number
  /** Those that no case made hold, in the order in which they stand. */
  readonly unheld: readonly NamedRule[]
  /** Percent, rounded down to one decimal: 100 means all. */
  readonly percent: number
}

export interface NamedRule {
  readonly id: string
  /** `rules/hr.yaml:12:5` */
  readonly place: string
}

/**
 * Undefined where the bundle has no rules.
 * @throws PolicySupplyError
 */
export function ruleCoverageOf(
  { rules: files, schemas }: Bundle,
  cases: readonly CaseOutcome[],
): RuleCoverage | undefined {
  if (files.length === 0) return undefined
  const rules = readRules(files, schemas).rules.files.flatMap((file) => file.rules)
  if (rules.length === 0) return undefined
  const held = new Set(cases.flatMap((each) => each.held))
  const unheld = rules
    .filter(({ id }) => !held.has(id))
    .map(({ id, place }) => ({ id, place }))
    .sort((a, b) => inOrder.compare(a.place, b.place))
  const percent = Math.floor(((rules.length - unheld.length) / rules.length) * 1000) / 10
  return { rules: rules.length, unheld, percent }
}

const inOrder = new Intl.Collator('en', { numeric: true })
