import { z } from 'zod'
import type { Opa } from '../bundles/opa.js'

/** What `opa test` said of the Rego tests of a policy set. */
export interface RegoTests {
  readonly passed: number
  readonly skipped: number
  readonly failures: readonly RegoFailure[]
  /** Percent of the lines that tests ran; undefined where there are no tests, or they fail. */
  readonly coverage: number | undefined
  /** `file:row` of what no test ran. */
  readonly uncovered: readonly string[]
}

export interface RegoFailure {
  /** `package.name` */
  readonly test: string
  readonly location: string
  readonly why: string
}

/** @throws PolicySupplyError `check` where OPA cannot be started, `compile` where the set does not compile */
export async function runRegoTests(opa: Opa, capabilities: string): Promise<RegoTests> {
  const arguments_ = ['test', '.', ...noCases, '--capabilities', capabilities]
  const { exitCode, stdout } = await opa.run(...arguments_, '--format', 'json')
  const results = exitCode === 0 || stdout.trimStart().startsWith('[') ? readResults(stdout) : []
  if (results.length === 0 && exitCode !== 0) await opa.succeed(...arguments_)
  const failures = results.flatMap(failureOf)
  const skipped = results.filter(({ skip }) => skip).length
  const passed = results.length - failures.length - skipped
  if (results.length === 0 || failures.length > 0) {
    return { passed, skipped, failures, coverage: undefined, uncovered: [] }
  }
  const report = await opa.succeed(...arguments_, '--coverage', '--format', 'json')
  return { passed, skipped, failures, ...coverageIn(report) }
}

/** YAML beside the Rego is no data. */
const noCases = ['--ignore', 'cases', '--ignore', 'rules', '--ignore', 'rules.yaml']

type Result = z.infer<typeof testResults>[number]

function readResults(text: string): readonly Result[] {
  return testResults.parse(JSON.parse(text === '' ? '[]' : text)) // no tests, no text
}

function failureOf({ package: folder, name, location, fail, error }: Result): RegoFailure[] {
  if (!fail && error === undefined) return []
  const why = error?.message ?? 'the test does not hold'
  return [
    {
      test: `${folder.replace(/^data\./, '')}.${name}`,
      location: `${location.file}:${location.row}`,
      why,
    },
  ]
}

function coverageIn(text: string): Pick<RegoTests, 'coverage' | 'uncovered'> {
  const { coverage, files } = coverageReport.parse(JSON.parse(text))
  const uncovered = Object.entries(files).flatMap(([file, { not_covered: ranges }]) =>
    ranges.map(({ start }) => `${file.replace(/^\.?\//, '')}:${start.row}`),
  )
  return { coverage, uncovered: [...new Set(uncovered)] }
}

const testResults = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    location: z.object({ file: z.string(), row: z.number() }),
    fail: z.boolean().default(false),
    skip: z.boolean().default(false),
    error: z.object({ message: z.string() }).optional(),
  }),
)

const range = z.object({ start: z.object({ row: z.number() }) })
const coverageReport = z.object({
  coverage: z.number().default(0),
  files: z.record(z.string(), z.object({ not_covered: z.array(range).default([]) })).default({}),
})
