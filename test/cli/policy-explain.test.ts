import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRawUpstream, type RawUpstream } from '../support/upstream.js'
import { run, starterBundle, type Ran } from './run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-explain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const set = join(folder, 'hr')
mkdirSync(join(set, 'cases'), { recursive: true })
writeFileSync(
  join(set, 'rules.yaml'),
  `version: 1
rules:
  - id: office
    match: { tool: employee_data }
    when: "!request.ip.startsWith('10.')"
    effect: warn
    reason: from outside
`,
)
writeFileSync(
  join(set, 'employee_data.yaml'),
  `tool:
  name: employee_data
  policies:
    input:
      - condition: "user.department != 'hr'"
        action: deny
        reason: "HR department only"
    output:
      - condition: "user.role != 'manager'"
        action: filter_fields
        fields: [salary]
  tests:
    - name: a clerk
      user_context: { department: hr, role: clerk }
      result: { name: Ann, salary: 7 }
      result_not_contains: salary
`,
)
writeFileSync(
  join(set, 'cases/all.yaml'),
  'cases: [{ name: from elsewhere, call: { tool: employee_data }, user: { id: a, department: it }, expect: deny }]\n',
)

const clerk = ['--user-context', '{"department":"hr","role":"clerk"}']
const other = ['--user-context', '{"department":"it"}']
const explain = (...more: string[]): Promise<Ran> => run(['policy', 'explain', set, ...more])

describe('policy explain', () => {
  test('says who decided, and each rule that fits with the values of its condition', async () => {
    const { exitCode, out, err } = await explain('employee_data', ...other)
    expect(out).toBe(
      [
        'pre: deny (policy_deny): HR department only',
        '  decided by employee_data.yaml (layer tool)',
        '  warning: from outside',
        '  rules.yaml (layer organisation) says allow',
        '    holds         office: warn "from outside" rules.yaml:3:5',
        "                  when !request.ip.startsWith('10.')",
        '                    request.ip = "127.0.0.1"',
        '                    request.ip.startsWith("10.") = false',
        '  employee_data.yaml (layer tool) says deny',
        '    holds         employee_data.input.hr-department-only: deny "HR department only" employee_data.yaml:5:9',
        "                  when user.department != 'hr'",
        '                    user.department = "it"',
        '',
      ].join('\n'),
    )
    expect([exitCode, err]).toEqual([0, ''])
  })

  test('shows what becomes of a result, and what each rule does to it', async () => {
    const response = ['--response', '{"name":"Ann","salary":7}']
    const { out } = await explain('employee_data', ...clerk, ...response, '--ip', '10.0.0.1')
    expect(out).toContain('does not hold office: warn')
    expect(out).toContain('request.ip = "10.0.0.1"')
    expect(out).toMatch(/^post: allow$/m)
    expect(out).toMatch(/^ {2}obliges \{"filter_fields":\["salary"\]/m)
    expect(out).toMatch(/^ +- +"salary": 7$/m)
  })

  test('takes an MCP result as it is', async () => {
    const response = ['--response', '{"structuredContent":{"salary":7,"name":"Ann"}}', '--json']
    const { out } = await explain('employee_data', ...clerk, ...response)
    expect(JSON.parse(out)).toMatchObject({ result: { structuredContent: { name: 'Ann' } } })
    expect(out).not.toContain('"content"')
  })

  test('shows numbers as they are spelled', async () => {
    const big = '9007199254740993'
    const told = ['employee_data', ...clerk, '--response']
    const returned = await explain(...told, `{"salary":7,"id":${big},"rate":1.50}`)
    expect(returned.out).toContain(`"id": ${big}`)
    expect(returned.out).toContain('"rate": 1.50')
    const whole = `{"content":[],"structuredContent":{"id":${big},"salary":7}}`
    const asJson = await explain(...told, whole, '--json')
    expect(asJson.out).toMatch(
      new RegExp(
        `"result": \\{\n +"content": \\[\\],\n +"structuredContent": \\{\n +"id": ${big}\n`,
      ),
    )
  })

  test('names what a condition misses', async () => {
    const { out } = await explain('employee_data', '--user-context', '{}')
    expect(out).toMatch(/^pre: deny \(policy_error, condition\): missing: user\.department$/m)
    expect(out).toMatch(/^ +error: missing: user\.department$/m)
  })

  test('explains a case or a test by its name', async () => {
    expect((await explain('--case', 'from elsewhere')).out).toMatch(/^pre: deny/)
    expect((await explain('--case', 'a clerk')).out).toMatch(/^post: allow/m)
    const unknown = await explain('--case', 'nobody')
    expect(unknown).toMatchObject({
      exitCode: 1,
      err: 'portcullis policy explain: There is no case "nobody": from elsewhere, a clerk\n',
    })
  })

  test('as JSON it has the decision, the layers and the result', async () => {
    const response = ['--response', '{"name":"Ann","salary":7}', '--json']
    const { out } = await explain('employee_data', '--param', 'id=7', ...clerk, ...response)
    expect(JSON.parse(out)).toMatchObject({
      effect: 'allow',
      steps: [
        { hook: 'pre', files: [{ name: 'rules.yaml' }, { layer: 'tool' }] },
        { hook: 'post', effect: 'allow', rules: ['employee_data.output.filter-fields-salary'] },
      ],
      sent: { id: 7 },
      result: { structuredContent: { name: 'Ann' } },
    })
  })

  test('of Rego says what was decided, and where more is told', async () => {
    const user = ['--user-context', '{"roles":["dev"]}']
    const { out, err } = await run(['policy', 'explain', starterBundle, 'database.backup', ...user])
    expect(out).toContain('pre: deny (policy_deny): role_mismatch\n  decided by Rego\n')
    expect(out).toContain('holds         restricted-tools: deny')
    expect(err).toContain('policy eval --bundle SET --input FILE --explain')
  })

  test.each([
    [['employee_data', '--ip', 'here'], /--ip here is no IP address/],
    [['employee_data', '--response', '{'], /--response has to be JSON/],
    [[], /TOOL is missing/],
  ])('%j is a usage error', async (args, message) => {
    const { exitCode, err } = await explain(...args)
    expect(err).toMatch(message)
    expect(exitCode).toBe(2)
  })
})

test('policy eval finds the rules of a file by the caller and the server in the document', async () => {
  const path = join(folder, 'scoped.yaml')
  const scope = 'scope: { server: hr, team: core }'
  const rule = '{ id: closed, match: { tool: t, user: ann }, effect: deny, reason: closed }'
  writeFileSync(path, `version: 1\n${scope}\nrules: [${rule}]\n`)
  const asked = { kind: 'tools/call', server: 'hr', tool: { name: 't', args: {} } }
  const judged = async (user: object): Promise<string> => {
    const input = JSON.stringify({ ...asked, user })
    const { out } = await run(['policy', 'eval', '--bundle', path, '--input', '-'], { input })
    return (JSON.parse(out) as { effect: string }).effect
  }
  expect(await judged({ id: 'ann', teams: ['core'] })).toBe('deny')
  expect(await judged({ id: 'ann', teams: [] })).toBe('allow')
  expect(await judged({ id: 'bob', teams: ['core'] })).toBe('allow')
})

test('policy eval judges by rules and explains them', async () => {
  const input = JSON.stringify({
    kind: 'tools/call',
    user: { id: 'a', claims: { department: 'it' } },
    request_ip: '10.0.0.1',
    tool: { name: 'employee_data', args: {}, action_class: 'read' },
  })
  const asked = ['policy', 'eval', '--bundle', set, '--input', '-', '--explain']
  const { out, exitCode } = await run(asked, { input })
  expect(JSON.parse(out)).toMatchObject({
    effect: 'deny',
    engine: 'rules',
    rules: ['employee_data.input.hr-department-only'],
    explanation: [
      { name: 'rules.yaml', decides: false, rules: [{ id: 'office', outcome: 'does not hold' }] },
      { name: 'employee_data.yaml', layer: 'tool', decides: true },
    ],
  })
  expect(exitCode).toBe(0)
})

describe('call with --bundle', () => {
  const calling = (...more: string[]): Promise<Ran> =>
    run(['call', 'employee_data', '--bundle', set, ...more])

  test('prints the decision, and beside it the rules that led to it', async () => {
    const { exitCode, out, err } = await calling(...other)
    expect(JSON.parse(out)).toMatchObject({ effect: 'deny', reason: 'HR department only' })
    expect(err).toContain('user.department = "it"')
    expect(exitCode).toBe(1)
    expect((await calling(...clerk)).exitCode).toBe(0)
  })

  test('lets a call pass of which its rules say nothing', async () => {
    const path = join(folder, 'output.yaml')
    const rule = '{ condition: "true", action: filter_fields, fields: [a] }'
    writeFileSync(path, `tool: { name: t, policies: { output: [${rule}] } }\n`)
    for (const tool of ['t', 'other']) {
      const { exitCode, out } = await run(['call', tool, '--bundle', path])
      expect(JSON.parse(out)).toMatchObject({ effect: 'allow', rules: [] })
      expect(exitCode).toBe(0)
    }
  })

  describe('and a server', () => {
    const result = { content: [{ type: 'text', text: '{"name":"Ann","salary":7}' }] }
    const server: { upstream?: RawUpstream } = {}
    const url = (): string => server.upstream?.url ?? ''
    beforeAll(async () => {
      const upstream = await startRawUpstream(({ body }, response) => {
        const { id, method } = JSON.parse(body.toString() || '{}') as { id?: 1; method?: string }
        if (id === undefined) return void response.writeHead(202).end()
        const info = { name: 'test', version: '1' }
        const greeting = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: info }
        const answers = method === 'tools/call' ? result : greeting
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: answers }))
      })
      server.upstream = upstream
      return () => upstream.close()
    })

    test('prints the result as the policy leaves it to that user', async () => {
      const { exitCode, out, err } = await calling('--url', url(), ...clerk)
      expect(out).toBe('{"name":"Ann"}\n')
      expect(err).toMatch(/^post: allow$/m)
      expect(exitCode).toBe(0)
      const whole = await calling('--url', url(), '--json', ...clerk)
      expect(JSON.parse(whole.out)).toEqual({ content: [{ type: 'text', text: '{"name":"Ann"}' }] })
    })

    test('sends nothing that is refused', async () => {
      const before = server.upstream?.received.filter(({ body }) => body.includes('tools/call'))
      const { exitCode, out, err } = await calling('--url', url(), ...other)
      expect([exitCode, out]).toEqual([1, ''])
      expect(err).toContain('refused: deny (policy_deny): HR department only\n')
      const after = server.upstream?.received.filter(({ body }) => body.includes('tools/call'))
      expect(after).toHaveLength(before?.length ?? 0)
    })
  })
})
