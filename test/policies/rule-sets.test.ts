import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runThroughGateway } from '../../src/cli/case-run.js'
import { compileLocally } from '../../src/cli/local-policy.js'
import { openPolicyPath } from '../../src/cli/policy-path.js'
import { casesOf } from '../../src/cli/set-tests.js'
import type { RuleReport } from '../../src/domain/explanation.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { readRules } from '../../src/policy/rules/read-rules.js'
import { run } from '../cli/run-command.js'
import { hasOpa } from '../support/opa.js'

const sets = [
  'hr-data',
  'customer-data',
  'financial-reports',
  'filesystem',
  'git',
  'database-read-only',
  'saas-per-team',
  'egress-secrets',
]
const folderOf = (set: string): string =>
  fileURLToPath(new URL(`../../policies/${set}`, import.meta.url))
/** Rules alone never ask for it. */
const noOpa = ['--opa', '/nowhere/opa']

let folder = ''
const patterns = createPatterns()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-rule-sets-'))
})
afterAll(async () => {
  await patterns.close()
  await rm(folder, { recursive: true })
})

test('every set of rules is here', async () => {
  const entries = await readdir(new URL('../../policies', import.meta.url), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(folders.sort()).toEqual([...sets, 'payments', 'starter', 'templates'].sort())
})

test.runIf(hasOpa)('payments, which has Rego beside rules, passes its own cases', async () => {
  const ran = await run(['policy', 'test', folderOf('payments'), '--strict', '--coverage', '100'])
  expect(ran).toMatchObject({ exitCode: 0, err: '' })
  expect(ran.out).toMatch(/^cases: 10 passed, 0 failed$/m)
})

describe.each(sets)('%s', (set) => {
  test('passes its own cases, which make every rule hold', async () => {
    const ran = await run(['policy', 'test', folderOf(set), '--strict', ...noOpa])
    expect(ran.out).not.toMatch(/^(?:FAIL|SKIP)/m)
    expect(ran.out).toMatch(/^cases: [1-9]\d* passed, 0 failed$/m)
    expect(ran.out).toMatch(/coverage 100 %$/m)
    expect(ran).toMatchObject({ exitCode: 0, err: '' })
  })

  test('has cases in which each of its rules does not hold', async () => {
    expect(await rulesThatAlwaysHold(set)).toEqual([])
  })

  test('gives a reason with everything that it refuses', async () => {
    const { rules, schemas } = (await openPolicyPath(folderOf(set))).bundle
    const refusals = readRules(rules, schemas)
      .rules.files.flatMap((file) => file.rules)
      .filter(({ action }) => ['deny', 'ask', 'dry_run'].includes(action.effect))
    expect(refusals.filter(({ reason }) => reason === '')).toEqual([])
  })

  test('is checked without a warning', async () => {
    const ran = await run(['policy', 'check', folderOf(set), '--strict', ...noOpa])
    expect(ran).toMatchObject({ exitCode: 0, err: '' })
  })

  test('becomes a bundle, without opa', async () => {
    const file = join(folder, `${set}.tar.gz`)
    const built = await run(['policy', 'build', folderOf(set), '-o', file, ...noOpa])
    expect(built).toMatchObject({ exitCode: 0, err: '' })
    const inspected = await run(['policy', 'inspect', file])
    expect(inspected.exitCode, inspected.err).toBe(0)
  })

  test('says what it protects, what it needs and what to change', async () => {
    const readme = await readFile(join(folderOf(set), 'README.md'), 'utf8')
    expect(readme).toContain(`portcullis policy test policies/${set}`)
    expect(readme).toMatch(/\*\*Claims it needs\*\*/)
    expect(readme).toMatch(/\*\*To change\*\*/)
  })
})

/** A rule without a condition holds wherever it is about the call, so that a call which it is not about is enough. */
async function rulesThatAlwaysHold(set: string): Promise<readonly string[]> {
  const { bundle } = await openPolicyPath(folderOf(set))
  const policy = await compileLocally(bundle)
  const reports = new Map<string, RuleReport[]>()
  let judged = 0
  for (const told of casesOf(bundle)) {
    const { asked } = await runThroughGateway(told, { policy, patterns, server: undefined })
    for (const input of asked.filter(({ hook }) => hook !== 'list')) {
      judged += 1
      for (const report of rulesIn(policy.explain?.(input))) {
        reports.set(report.id, [...(reports.get(report.id) ?? []), report])
      }
    }
  }
  return [...reports]
    .filter(([, of]) => of.length === judged || of.every(({ when }) => when !== undefined))
    .filter(([, of]) => !of.some(({ outcome }) => outcome === 'does not hold'))
    .map(([id]) => id)
}

function rulesIn(
  explanation:
    ReturnType<NonNullable<Awaited<ReturnType<typeof compileLocally>>['explain']>> | undefined,
): readonly RuleReport[] {
  return explanation?.files.flatMap(({ rules }) => rules) ?? []
}
