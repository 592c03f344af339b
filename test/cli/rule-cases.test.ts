import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpa } from '../support/opa.js'
import { startRawUpstream, type Answerer, type RawUpstream } from '../support/upstream.js'
import { run, startWatching, type Ran } from './run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-rule-cases-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0

/** A folder of rules with these files. */
function rulesIn(files: Readonly<Record<string, string>>): string {
  const path = join(folder, `set${(count += 1)}`)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

const noOpa = ['--opa', '/no/opa']
const testing = (path: string, ...more: string[]): Promise<Ran> =>
  run(['policy', 'test', path, ...noOpa, ...more])

/** The rules of one tool, with tests as their authors know them. */
const employeeData = `tool:
  name: employee_data
  policies:
    output:
      - condition: "user.role != 'admin'"
        action: filter_fields
        fields: ["salary", "ssn"]
        reason: "Sensitive data restricted"
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

const oneEmployee = {
  content: [{ type: 'text', text: '{"name":"Ann","salary":75000,"ssn":"123-45"}' }],
  structuredContent: { name: 'Ann', salary: 75000, ssn: '123-45' },
}

/** A server with one tool, in the legacy era. */
const serving =
  (result: object): Answerer =>
  ({ method, body }, response) => {
    const { id, method: kind } = JSON.parse(method === 'POST' ? body.toString() : '{}') as {
      id?: number
      method?: string
    }
    if (id === undefined) return void response.writeHead(202).end()
    const results: Readonly<Record<string, object>> = {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'test', version: '1' },
      },
      'tools/list': { tools: [{ name: 'employee_data', inputSchema: { type: 'object' } }] },
      'tools/call': result,
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[kind ?? ''] ?? {} }))
  }

describe('tests in rules', () => {
  let server: RawUpstream
  beforeAll(async () => {
    server = await startRawUpstream(serving(oneEmployee))
    return () => server.close()
  })

  test('are run against a server, whose result is judged as a gateway would', async () => {
    const path = join(rulesIn({ 'employee_data.yaml': employeeData }), 'employee_data.yaml')
    const { exitCode, out, err } = await testing(path, '--url', server.url, '--strict')
    expect(err).toBe('')
    expect(out).toBe('cases: 2 passed, 0 failed\nrules: 1 of 1 held; coverage 100 %\n')
    expect(exitCode).toBe(0)
    expect(server.received.filter(({ body }) => body.includes('tools/call'))).toHaveLength(2)
  })

  test('fail where the server sends what they say is not there', async () => {
    const open = employeeData.replace('["salary", "ssn"]', '[salary]')
    const path = rulesIn({ 'employee_data.yaml': open })
    const { exitCode, out } = await testing(path, '--url', server.url)
    expect(out).toContain(
      [
        'FAIL employee_data.yaml:16 user_filtered',
        '  - expected result: not to have "ssn"',
        '  +      got result: content.0.text: "{\\"name\\":\\"Ann\\",\\"ssn\\":\\"123-45\\"}"',
      ].join('\n'),
    )
    expect(exitCode).toBe(1)
  })

  test('without a server are named as skipped, which --strict takes for a failure', async () => {
    const path = rulesIn({ 'employee_data.yaml': employeeData })
    const { exitCode, out } = await testing(path)
    expect(out).toContain(
      'SKIP employee_data.yaml:10 admin_full_access: it has no response; give it one, or name a server with --url\n',
    )
    expect(out).toContain('cases: 0 passed, 0 failed, 2 skipped\n')
    expect(exitCode).toBe(0)
    const strict = await testing(path, '--strict')
    expect(strict).toMatchObject({ exitCode: 1, err: '2 cases were skipped (--strict)\n' })
  })

  test('that a refusal decides need no server', async () => {
    const refused = `tool:
  name: t
  policies: { input: [{ condition: "true", action: deny, reason: closed }] }
  tests: [{ name: a, expect: { effect: deny, reason: closed }, result_not_contains: x }, { name: b, result_not_contains: x }]
`
    const { out } = await testing(rulesIn({ 't.yaml': refused }))
    expect(out).toContain(
      'FAIL t.yaml:4 b\n  - expected effect: allow\n  +      got effect: deny (policy_deny: closed)\ncases: 1 passed, 1 failed\n',
    )
  })

  test('name a server that cannot be reached', async () => {
    const path = rulesIn({ 'employee_data.yaml': employeeData })
    const gone = await startRawUpstream(serving({}))
    await gone.close()
    const { exitCode, err } = await testing(path, '--url', gone.url)
    expect(err).toContain(`${gone.url} cannot be reached (ECONNREFUSED)`)
    expect(exitCode).toBe(1)
  })
})

const rules = `version: 1
rules:
  - id: only-hr
    match: { tool: employee_data }
    when: "user.department != 'hr'"
    effect: deny
    reason: HR department only
    code: policy_deny
  - id: no-ssn
    match: { tool: employee_data, hook: post }
    effect: mask_fields
    fields: [ssn]
  - id: weekend
    match: { tool: employee_data }
    mode: warn
    when: "args.id == 8"
    effect: deny
    reason: not this one
  - id: unused
    match: { tool: other }
    effect: warn
    reason: why
  - id: secret-tools
    match: { tool: "secret_*" }
    effect: deny
    reason: secret
  - id: sensitive
    match: { tool: salaries, hook: post }
    effect: filter_sensitive
  - id: clamp
    match: { tool: search }
    when: "$limit > 10"
    effect: patch
    patch: { args: { limit: 10 } }
  - id: rehearsed
    match: { tool: deploy }
    effect: dry_run
    reason: first look
  - id: approved
    match: { tool: pay }
    effect: ask
    reason: over the limit
  - id: changes
    match: { tool: "file_*", action_class: [write] }
    effect: deny
    reason: read only
  - id: circumstances
    match: { tool: around }
    when: >-
      request.ip == '192.0.2.44' && session.id == 'd1' && client.claimed.name == 'agent'
      && request.headers['x-purpose'] == 'audit'
    effect: deny
    reason: seen
  - id: no-secrets
    match: { kind: resources/read, resource: "file:///etc/*" }
    effect: deny
    reason: not there
  - id: no-prompt
    match: { prompt: greet }
    effect: deny
    reason: no greetings
  - id: no-sampling
    match: { kind: sampling/createMessage }
    effect: deny
    reason: no sampling
  - id: no-progress
    match: { kind: notifications/progress }
    effect: deny
    reason: no progress
`

const hr = '{ id: ann@example.org, department: hr }'
const it = '{ id: bob@example.org, department: it }'
const employee = '{ tool: employee_data, args: { id: 7 } }'

/** Rules, and a case for each of these bodies. */
function withCases(...bodies: string[]): string {
  const cases = bodies.map((body, at) => `  - name: case ${at}\n    ${body.trim()}\n`)
  return rulesIn({ 'rules.yaml': rules, 'cases/all.yaml': `cases:\n${cases.join('')}` })
}

describe('cases', () => {
  test.each<[string, string]>([
    [
      'a refusal, with its code, reason, rule and layer',
      `call: ${employee}
    user: ${it}
    expect: { effect: deny, code: policy_deny, reason: HR department only, rules: only-hr, layer: organisation }`,
    ],
    [
      'a result is judged behind the call, and read nested',
      `call: ${employee}
    user: ${hr}
    response: { structuredContent: { people: [{ name: Ann, ssn: '123' }] } }
    expect: { rules: no-ssn, result_contains: { people: [{ ssn: '****' }] }, result_not_contains: ['123', { ssn: '123' }] }`,
    ],
    [
      'a call that is refused before has no result to look at',
      `call: ${employee}
    user: ${it}
    result: { ssn: '123' }
    expect: { effect: deny, result_not_contains: '123' }`,
    ],
    [
      'one hook alone',
      `call: ${employee}
    hook: post
    result: { ssn: '123' }
    expect: { result_contains: { ssn: '****' } }`,
    ],
    [
      'a rule on trial leaves a mark, and what it would do',
      `call: { tool: employee_data, args: { id: 8 } }
    user: ${hr}
    expect: { effect: allow, trial: weekend, would: deny, reason: not this one }`,
    ],
    [
      'what warn would refuse, while the result goes on as it is',
      `call: ${employee}
    mode: warn
    user: ${it}
    result: { ssn: '123' }
    expect: { would: deny, code: policy_deny, reason: HR department only, result_contains: ['123', 'would_deny'] }`,
    ],
    [
      'what audit-only would refuse, while nothing is changed',
      `call: ${employee}
    mode: audit-only
    user: ${it}
    result: { ssn: '123' }
    expect: { effect: allow, would: deny, result_contains: { ssn: '123' }, result_not_contains: would_ }`,
    ],
    [
      'arguments as they are sent',
      `call: { tool: search, args: { limit: 50, q: x } }
    expect: { rules: clamp, patched_args: { limit: 10, q: x } }`,
    ],
    [
      'what a list shows and hides',
      `call: { method: tools/list }
    response: { tools: [{ name: secret_a, inputSchema: {} }, { name: search, inputSchema: {} }] }
    expect: { lists: search, hides: [secret_a] }`,
    ],
    [
      'what a tool says is sensitive',
      `call: { tool: salaries }
    tool: { output_schema: { type: object, properties: { pay: { type: number, sensitive: true } } } }
    result: { pay: 7, name: Ann }
    expect: { result_contains: { name: Ann }, result_not_contains: pay }`,
    ],
    [
      'a dry run, whose result says what would have been sent',
      `call: { tool: deploy, args: { to: prod } }
    expect: { effect: dry_run, reason: first look, result_contains: [deploy was not called, { args: { to: prod } }] }`,
    ],
    [
      'a dry run that the tool itself can do',
      `call: { tool: deploy, args: { to: prod } }
    tool: { dry_run_argument: plan }
    result: { plan: nothing to do }
    expect: { effect: dry_run, patched_args: { to: prod, plan: true }, result_contains: nothing to do }`,
    ],
    [
      'an approval that is wanted',
      `call: { tool: pay }
    expect: { effect: ask, code: approval_required, reason: over the limit }`,
    ],
    [
      'what configuration says of a tool',
      `call: { tool: file_get }
    tool: { action_class: read }
    expect: { effect: allow }`,
    ],
    [
      'what a trusted server says of a tool',
      `call: { tool: file_put }
    tool: { annotations: { readOnlyHint: false, destructiveHint: false } }
    expect: { effect: deny, rules: changes }`,
    ],
    [
      'a tool of which nothing is known, which counts as one that changes something',
      `call: { tool: file_x }
    expect: { effect: deny, rules: changes }`,
    ],
    [
      'what surrounds the call',
      `call: { tool: around }
    request_ip: 192.0.2.44
    session: d1
    client: { name: agent }
    headers: { X-Purpose: audit }
    expect: { effect: deny, reason: seen }`,
    ],
    [
      'a resource that is refused',
      `call: { method: resources/read, params: { uri: 'file:///etc/passwd' } }
    expect: { effect: deny, reason: not there }`,
    ],
    [
      'a resource that is read',
      `call: { method: resources/read, params: { uri: 'file:///home/a' } }
    response: { contents: [{ uri: 'file:///home/a', text: hello }] }
    expect: { result_contains: { text: hello } }`,
    ],
    [
      'a prompt',
      `call: { method: prompts/get, params: { name: greet } }
    expect: { effect: deny, reason: no greetings }`,
    ],
    [
      'a request of a server to its client',
      `call: { method: sampling/createMessage, params: { messages: [] } }
    expect: { effect: deny, reason: no sampling }`,
    ],
    [
      'a notification',
      `call: { method: notifications/progress, params: { progressToken: 1, progress: 1 } }
    expect: { effect: deny, reason: no progress }`,
    ],
    [
      'an error of the server',
      `call: { tool: search, args: { limit: 1 } }
    response: { error: { code: -32000, message: broken } }
    expect: { result_contains: broken }`,
    ],
  ])('hold: %s', async (_, body) => {
    const { out, exitCode } = await testing(withCases(body))
    expect(out).toMatch(/^cases: 1 passed, 0 failed\n/)
    expect(exitCode).toBe(0)
  })

  test.each<[string, string, string[]]>([
    [
      'another effect',
      `call: ${employee}
    user: ${hr}
    expect: deny`,
      ['  - expected effect: deny', '  +      got effect: allow'],
    ],
    [
      'another reason and rule',
      `call: ${employee}
    user: ${it}
    expect: { effect: deny, reason: x, rules: [y], layer: team }`,
      [
        '  - expected reason: x',
        '  +      got reason: HR department only',
        '  - expected layer: team',
        '  +      got layer: organisation',
        '  - expected rules: y',
        '  +      got rules: only-hr',
      ],
    ],
    [
      'a condition that cannot be decided',
      `call: ${employee}
    user: { id: bob@example.org }
    expect: { effect: allow }`,
      ['  +      got effect: deny (policy_error, condition: missing: user.department)'],
    ],
    [
      'nothing would be refused',
      `call: ${employee}
    user: ${hr}
    mode: audit-only
    expect: { would: deny }`,
      ['  - expected would: deny', '  +      got would: allow'],
    ],
    [
      'a nested value, line by line',
      `call: ${employee}
    user: ${hr}
    result: { people: [{ name: Ann, ssn: '123' }] }
    expect: { result_contains: { ssn: '123', name: Ann } }`,
      [
        '  - expected result: to have {"ssn":"123","name":"Ann"}',
        '    @ content.0.text.people.0',
        '      {',
        '    -   "ssn": "123",',
        '    +   "ssn": "****",',
        '        "name": "Ann"',
        '      }',
      ],
    ],
    [
      'other arguments',
      `call: { tool: search, args: { limit: 50 } }
    expect: { patched_args: { limit: 50 } }`,
      ['  - expected patched args: {"limit":50}', '  +      got patched args: {"limit":10}'],
    ],
    [
      'a list that shows and hides something else',
      `call: { method: tools/list }
    response: { tools: [{ name: secret_a }, { name: search }] }
    expect: { lists: secret_a, hides: [search, never_there] }`,
      [
        '  - expected list: to show secret_a',
        '  +      got list: search',
        '  - expected list: to hide search',
        '  - expected list: to hide never_there',
        '  +      got list: the server does not list it',
      ],
    ],
    [
      'a result of what is refused',
      `call: ${employee}
    user: ${it}
    result: { ssn: '123' }
    expect: { effect: deny, result_contains: ssn }`,
      ['  +      got result: no result: deny HR department only'],
    ],
    [
      'a call that is none',
      `call: { method: tools/call }
    expect: deny`,
      ['  +      got the case: tools/call needs "params.name", a string'],
    ],
  ])('are told as a difference: %s', async (_, body, lines) => {
    const { out, exitCode } = await testing(withCases(body))
    expect(out).toMatch(/^FAIL cases\/all\.yaml:2 case 0\n/)
    for (const line of lines) expect(out).toContain(`${line}\n`)
    expect(exitCode).toBe(1)
  })
})

describe('coverage of rules', () => {
  const path = withCases(`call: ${employee}\n    user: ${it}\n    expect: deny`)

  test('names every rule that no case makes hold, with its place and in the order of places', async () => {
    const { out } = await testing(path)
    expect(out).toContain('rules: 1 of 15 held; coverage 6.6 %; no case makes hold no-ssn (')
    expect(out).toContain('weekend (rules.yaml:13:5), unused (rules.yaml:19:5), ')
  })

  test('fails below what is asked for, and only there', async () => {
    const below = await testing(path, '--coverage', '50')
    expect(below).toMatchObject({ exitCode: 1, err: 'Coverage of rules is 6.6 %, below 50 %\n' })
    expect((await testing(path, '--coverage', '6')).exitCode).toBe(0)
    expect((await testing(path, '--coverage', 'most')).exitCode).toBe(2)
  })

  test('stands in JUnit with what was skipped', async () => {
    const junit = join(folder, 'junit.xml')
    const skipping = withCases('call: { tool: other }\n    expect: { result_contains: x }')
    await testing(skipping, '--junit', junit)
    const text = readFileSync(junit, 'utf8')
    expect(text).toContain('<testsuite name="cases" tests="1" failures="0" skipped="1">')
    expect(text).toContain('<skipped message="it has no response;')
    expect(text).toContain('<property name="coverage" value="6.6"/>')
    expect(text).toContain('<property name="not held" value="only-hr (rules.yaml:3:')
  })
})

test('what is wrong with rules is told with its place, and nothing is run', async () => {
  const path = rulesIn({ 'rules.yaml': rules.replace('effect: warn', 'effect: wran') })
  const { exitCode, out, err } = await testing(path)
  expect(err).toMatch(/rules\.yaml:21:\d+: /)
  expect([exitCode, out]).toEqual([1, ''])
})

test('a rules file by itself can be checked', async () => {
  const path = rulesIn({ 'rules.yaml': rules })
  const { exitCode, out } = await run(['policy', 'check', join(path, 'rules.yaml')])
  expect(out).toMatch(/rules\.yaml is fine: revision [0-9a-f]{12}, 15 rules\n$/)
  expect(exitCode).toBe(0)
  const keys = await run(['policy', 'check', join(path, 'rules.yaml'), '--require-signature'])
  expect(keys).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('for a bundle') as string,
  })
})

test.runIf(hasOpa)('a set with Rego and rules is tested as one', async () => {
  const path = join(folder, 'both')
  await run(['policy', 'new', path, '--template', 'bounds'])
  rmSync(join(path, 'cases'), { recursive: true })
  mkdirSync(join(path, 'cases'))
  writeFileSync(
    join(path, 'rules.yaml'),
    `version: 1
rules:
  - { id: dev, match: { tool: temp.convert }, when: "!('dev' in user.roles)", effect: deny, reason: developers only }
`,
  )
  writeFileSync(
    join(path, 'cases/both.yaml'),
    `cases:
  - name: Rego refuses what rules let pass
    user: { id: ann, roles: [dev] }
    call: { tool: temp.convert, args: { temp: -300 } }
    expect: { effect: deny, code: validation_failed }
  - name: rules refuse what Rego lets pass
    call: { tool: temp.convert, args: { temp: 20 } }
    expect: { effect: deny, rules: dev, layer: organisation }
`,
  )
  const { exitCode, out } = await run(['policy', 'test', path])
  expect(out).toMatch(
    /^rego tests: \d+ passed, 0 failed; coverage 100 %\ncases: 2 passed, 0 failed\nrules: 1 of 1 held; coverage 100 %\n$/,
  )
  expect(exitCode).toBe(0)
  const explained = await run(['policy', 'explain', path, 'temp.convert', '--param', 'temp=20'])
  expect(explained.out).toContain('decided by rules.yaml (layer organisation)')
  expect(explained.out).toContain('Rego says allow')
})

test('with --watch every save is tested, one that cannot be read too', async () => {
  const path = withCases('call: { tool: other }\n    expect: allow')
  const watching = startWatching(['policy', 'test', path, '--watch', ...noOpa])
  await watching.line(/cases: 1 passed, 0 failed/)
  const cases = join(path, 'cases/all.yaml')
  const text = readFileSync(cases, 'utf8')
  writeFileSync(cases, text.replace('allow', 'deny'))
  await watching.line(/cases: 0 passed, 1 failed/)
  writeFileSync(cases, text.replace('expect', 'exepct'))
  await watching.line(/all\.yaml:\d+:\d+: cases\.0\.exepct: there is no such key/)
  writeFileSync(cases, text)
  await watching.line(/cases: 1 passed, 0 failed/)
  expect(await watching.stop()).toBe(0)
})

test('with --watch a rules file by itself is tested whenever it is saved', async () => {
  const file = join(rulesIn({ 't.yaml': employeeData }), 't.yaml')
  const watching = startWatching(['policy', 'test', file, '--watch', ...noOpa])
  await watching.line(/2 skipped/)
  writeFileSync(file, employeeData.replace('user_filtered', 'someone').replace('"ssn"]\n', 'a]\n'))
  await watching.line(/SKIP t\.yaml:16 someone/)
  expect(await watching.stop()).toBe(0)
})
