import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../cli/run-command.js'
import { answering, enforcing, startRuled, type RuledGateway } from './rules-gateway.js'

// `tests:` as the reference of the short form has them, word for word.
const tests = `
tests:
  - name: "admin_full_access"
    user_context:
      role: admin
      permissions: ["read:all"]
    result_contains:
      salary: 75000

  - name: "user_filtered"
    user_context:
      role: user
    result_not_contains: ["salary", "ssn"]
`
const rules = `
tool:
  name: employee_data
  policies:
    output:
      - condition: "user.role != 'admin'"
        action: filter_fields
        fields: ["salary", "ssn"]
`
const employee = { name: 'Ann Example', salary: 75000, ssn: '000-00-0000' }
const employeeResult = JSON.stringify({
  content: [{ type: 'text', text: JSON.stringify(employee) }],
  structuredContent: employee,
})

let folder = ''
const open: RuledGateway[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-snippets-'))
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})
afterAll(() => rm(folder, { recursive: true }))

/** The server without a policy: `off` relays. */
async function server(
  env: Record<string, string> = { POLICY_MODE: 'off' },
  texts = { 'rules.yaml': rules },
) {
  const ruled = await startRuled(texts, answering(employeeResult), env)
  open.push(ruled)
  return ruled
}

async function written(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe('tests in rules', () => {
  test('take what a live server answers', async () => {
    const path = await written('live.yaml', rules + tests)
    const { upstream } = await server()
    const ran = await run(['policy', 'test', path, '--url', upstream.url, '--strict'])
    expect(ran.out).toMatch(/^cases: 2 passed, 0 failed$/m)
    expect(ran.exitCode).toBe(0)
  })

  test('are skipped where no server answers, which --strict takes for a failure', async () => {
    const path = await written('skipped.yaml', rules + tests)
    expect((await run(['policy', 'test', path])).out).toMatch(/2 skipped/)
    expect((await run(['policy', 'test', path, '--strict'])).exitCode).toBe(1)
  })

  test('stand in the tool as well, and take the result that they are given', async () => {
    const given = tests
      .replace(/^(?=.)/gm, '  ')
      .replaceAll(/^( *)(user_context:)/gm, `$1result: ${JSON.stringify(employee)}\n$1$2`)
    const path = await written('given.yaml', rules + given)
    const ran = await run(['policy', 'test', path, '--strict'])
    expect(ran.out).toMatch(/^cases: 2 passed, 0 failed$/m)
    expect(ran.exitCode).toBe(0)
  })

  test('fail where a field is shown that is not to be', async () => {
    const path = await written('open.yaml', rules.replace("user.role != 'admin'", 'false') + tests)
    const { upstream } = await server()
    const ran = await run(['policy', 'test', path, '--url', upstream.url])
    expect(ran.out).toMatch(/^FAIL .*user_filtered/m)
    expect(ran.exitCode).toBe(1)
  })
})

describe('a call from the command line', () => {
  const asUser = (context: object, url: string) =>
    run([
      ...['call', 'employee_data', '--param', 'employee_id=123'],
      ...['--user-context', JSON.stringify(context), '--url', url, '--json'],
    ])

  test('as admin shows every field', async () => {
    const { gateway } = await server(enforcing)
    const ran = await asUser({ role: 'admin' }, gateway.mcpUrl)
    expect(ran.exitCode, ran.err).toBe(0)
    expect(JSON.parse(ran.out)).toMatchObject({ structuredContent: employee })
  })

  test('as a regular user shows those that are not filtered, in texts too', async () => {
    const { gateway } = await server(enforcing)
    const ran = await asUser({ role: 'user' }, gateway.mcpUrl)
    expect(ran.exitCode, ran.err).toBe(0)
    expect(JSON.parse(ran.out)).toMatchObject({
      content: [{ type: 'text', text: '{"name":"Ann Example"}' }],
      structuredContent: { name: 'Ann Example' },
    })
    expect(ran.out).not.toMatch(/salary|ssn|75000/)
  })

  test('of somebody whom a rule refuses says why, and exits with 1', async () => {
    const hr = fileURLToPath(new URL('../../policies/hr-data', import.meta.url))
    const { gateway } = await server({ ...enforcing, POLICY_RULES_PATH: hr })
    const ran = await asUser({ role: 'user', department: 'sales' }, gateway.mcpUrl)
    expect(ran.exitCode).toBe(1)
    expect(ran.err).toContain('HR department only')
  })

  test('is judged without a server too', async () => {
    const hr = fileURLToPath(new URL('../../policies/hr-data', import.meta.url))
    const as = (department: string) =>
      run([
        ...['call', 'employee_data', '--param', 'employee_id=123', '--bundle', hr],
        ...['--user-context', JSON.stringify({ department, role: 'clerk' })],
      ])
    expect(await as('hr')).toMatchObject({ exitCode: 0 })
    const refused = await as('sales')
    expect(refused.exitCode).toBe(1)
    expect(refused.out).toContain('HR department only')
  })
})
