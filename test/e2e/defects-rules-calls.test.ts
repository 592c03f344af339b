import { afterEach, describe, expect, test } from 'vitest'
import { as, toolCall } from '../support/gateway.js'
import { createRuledScenes, asked, hr, type Around } from '../policies/ruled-scenes.js'

// What systems of this kind are known to have got wrong, each as a rule that must not.

const { ruled, close } = createRuledScenes()
afterEach(close)

const reading = toolCall('employee_data', { id: 7 })

describe('a call', () => {
  const denyAll = `
version: 1
rules:
  - { id: shut, match: { kind: tools/call, tool: employee_data }, effect: deny, reason: shut }
`

  test.each([
    [
      'without params',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"employee_data"}}',
    ],
    ['with empty arguments', toolCall('employee_data', {})],
    [
      'with a name that is spelled with escapes',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"employee\\u005fdata"}}',
    ],
  ])('%s is judged', async (_how, call) => {
    expect(await asked(await ruled(denyAll), call)).toMatchObject({
      status: 403,
      data: { reason: 'shut' },
    })
  })

  test.each([
    'employee_data_export',
    'my_employee_data',
    'Employee_Data',
    'employee-data',
    'employee_data ',
  ])('of %j is none of employee_data', async (tool) => {
    expect(await asked(await ruled(denyAll), toolCall(tool))).toMatchObject({ status: 200 })
  })
})

describe('deny overrides', () => {
  const allow = '  - { id: open, match: { tool: employee_data }, effect: allow }'
  const deny = '  - { id: shut, match: { tool: employee_data }, effect: deny, reason: shut }'

  test.each([
    ['behind an allow', [allow, deny]],
    ['before an allow', [deny, allow]],
  ])('%s', async (_where, order) => {
    const scene = await ruled(`version: 1\nrules:\n${order.join('\n')}\n`)
    expect(await asked(scene, reading)).toMatchObject({ status: 403, data: { reason: 'shut' } })
  })
})

describe('what conditions read', () => {
  const whoMay = (condition: string): string => `
version: 1
default: deny
rules:
  - { id: may, match: { kind: tools/call }, when: "${condition}", effect: allow }
`

  test('is the caller, never what a call says of its caller', async () => {
    const scene = await ruled(whoMay("user.id == 'ann@example.org' && 'admin' in user.roles"), {
      env: { TRUSTED_PROXIES: '192.0.2.1' },
    })
    const claimed = { id: 'ann@example.org', roles: ['admin'] }
    const params = {
      name: 'employee_data',
      arguments: { user: claimed, ...claimed },
      _meta: { user: claimed, 'x-forwarded-user': 'ann@example.org' },
      user: claimed,
    }
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    const headers = as('ann@example.org', 'admin')
    expect(await asked(scene, call, headers)).toMatchObject({ status: 403 })
  })

  test('is the caller that a trusted proxy names', async () => {
    const scene = await ruled(whoMay("user.id == 'ann@example.org' && 'admin' in user.roles"))
    expect(await asked(scene, reading, as('ann@example.org', 'admin'))).toMatchObject({
      status: 200,
    })
    expect(await asked(scene, reading, as('ann@example.org', 'dev'))).toMatchObject({ status: 403 })
    expect(await asked(scene, reading, as('bob@example.org', 'admin'))).toMatchObject({
      status: 403,
    })
  })

  test('is the address from which the call came', async () => {
    const far = { 'x-forwarded-for': '203.0.113.9' }
    const scene = await ruled(whoMay("request.ip.inCidr('203.0.113.0/24')"))
    expect(await asked(scene, reading, far)).toMatchObject({ status: 200 })
    expect(await asked(scene, reading, { 'x-forwarded-for': '198.51.100.9' })).toMatchObject({
      status: 403,
    })
    const untrusting = await ruled(whoMay("request.ip.inCidr('203.0.113.0/24')"), {
      env: { TRUSTED_PROXIES: '192.0.2.1' },
    })
    expect(await asked(untrusting, reading, far)).toMatchObject({ status: 403 })
  })

  test('are the headers of the call, in lower case and without credentials', async () => {
    const scene = await ruled(
      whoMay("request.headers['x-region'] == 'eu' && !('authorization' in request.headers)"),
    )
    const headers = { 'X-Region': 'eu', Authorization: 'Bearer x' }
    expect(await asked(scene, reading, headers)).toMatchObject({ status: 200 })
    expect(await asked(scene, reading, { 'X-Region': 'us' })).toMatchObject({ status: 403 })
  })

  test('is every number as the server reads it', async () => {
    const scene = await ruled(whoMay('$amount <= 9007199254740992'))
    const call = (amount: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":${amount}}}}`
    expect(await asked(scene, call('9007199254740992'))).toMatchObject({ status: 200 })
    expect(await asked(scene, call('9007199254740993'))).toMatchObject({ status: 403 })
    expect(await asked(scene, call('1e400'))).toMatchObject({ status: 403 })
  })
})

describe('members that every object of JavaScript has', () => {
  const call = (args: string): string =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":${args}}}`

  test.each([
    ['has($constructor)', '{}'],
    ['has($toString)', '{}'],
    ['has($__proto__)', '{}'],
    ['has($amount)', '{"__proto__":{"amount":1}}'],
    ['has(user.constructor)', '{}'],
    ["'constructor' in user", '{}'],
    ["'__proto__' in $args", '{"constructor":1}'],
    ['!has($__proto__)', '{"__proto__":1}'],
    ["$args.exists(name, name == 'amount')", '{"__proto__":{"amount":1}}'],
    ["!$args.exists(name, name == '__proto__')", '{"__proto__":{"amount":1}}'],
  ])('are there for %s only where the message has them', async (condition, args) => {
    const scene = await ruled(`
version: 1
rules:
  - { id: there, match: { kind: tools/call }, when: "${condition}", effect: deny, reason: there }
`)
    expect(await asked(scene, call(args), hr)).toMatchObject({ status: 200 })
  })
})

describe('a tool that nobody classed', () => {
  const rules = `
version: 1
rules:
  - { id: changes, match: { action_class: [write, execute, destructive] }, when: "!('member' in user.roles)", effect: deny, reason: members only }
`

  test('counts as one that changes something', async () => {
    const scene = await ruled(rules)
    expect(await asked(scene, reading)).toMatchObject({
      status: 403,
      data: { reason: 'members only' },
    })
    expect(await asked(scene, reading, as('mia@example.org', 'member'))).toMatchObject({
      status: 200,
    })
  })

  test('is classed by configuration, and what it says decides', async () => {
    const classed = (actionClass: string): Around => ({
      env: { TOOLS_FILE: '/tools.json' },
      files: {
        '/tools.json': JSON.stringify({
          tools: [{ tool: 'employee_data', action_class: actionClass }],
        }),
      },
    })
    expect(await asked(await ruled(rules, classed('read')), reading)).toMatchObject({ status: 200 })
    expect(await asked(await ruled(rules, classed('write')), reading)).toMatchObject({
      status: 403,
    })
  })

  test('is not opened by an allow for reading', async () => {
    const scene = await ruled(`
version: 1
default: deny
rules:
  - { id: reads, match: { kind: tools/call, action_class: read }, effect: allow }
`)
    expect(await asked(scene, reading)).toMatchObject({ status: 403 })
  })

  test('is not classed by what an untrusted server says of it', async () => {
    const listed =
      '{"tools":[{"name":"employee_data","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}'
    const scene = await ruled(rules, { result: listed })
    await scene.gateway.post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    expect(await asked(scene, reading)).toMatchObject({ status: 403 })
  })
})
