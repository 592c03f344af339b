import { describe, expect, test } from 'vitest'
import { createCelBudget } from '../../../src/policy/cel/budget.js'
import { compileCondition } from '../../../src/policy/cel/compile.js'
import { createCelContext } from '../../../src/policy/cel/context.js'
import { contextOf, evaluate, inputOf, outcome, type Asked } from './contexts.js'

const alice: Asked = {
  claims: {
    role: 'admin',
    permissions: ['hr.read', 'read:all'],
    department: 'engineering',
    clearance_level: 3,
    access_level: 3,
    customer_id: 7,
    internal_network: true,
  },
  args: '{"customer_id":7}',
}

describe('the conditions that authors begin with', () => {
  test.each([
    ["!('hr.read' in user.permissions)", false],
    ["user.role == 'guest'", false],
    ["user.role != 'admin'", false],
    ["user.department != 'finance'", true],
    ["!('data.read' in user.permissions)", true],
    ["user.role != 'hr_manager'", true],
    ['user.clearance_level < 5', true],
    ["user.department != 'sales'", true],
    ["user.role == 'admin'", true],
    ["'hr.read' in user.permissions", true],
    ["user.department == 'engineering'", true],
    ['user.clearance_level >= 3', true],
    ["user.role != 'guest'", true],
    ["user.role == 'manager' && user.department == 'sales'", false],
    ["user.role == 'admin' || user.role == 'owner'", true],
    ["!(user.role == 'guest')", true],
    ["'read:all' in user.permissions", true],
    ['user.access_level >= 3', true],
    ["user.department != 'hr'", true],
    ["user.role != 'manager'", true],
    ["!(user.role == 'hr_manager')", true],
    ["user.role != 'support' && $customer_id != user.customer_id", false],
    ["!('finance.read' in user.permissions)", true],
    ['!user.internal_network', false],
    ["user.role == 'director'", false],
  ])('%s', (source, expected) => {
    expect(outcome(source, alice)).toBe(expected)
  })
})

describe('what cannot be evaluated', () => {
  test.each([
    ["user.nope == 'a'", 'missing: user.nope'],
    ["user['nope'] == 'a'", 'missing: user["nope"]'],
    ['$nope == 1', 'missing: $nope'],
    ['$["no no"] == 1', 'missing: $["no no"]'],
    ['args.nope == 1', 'missing: args.nope'],
    ['$args.nope == 1', 'missing: $args.nope'],
    ['session.id == "x"', 'missing: session.id'],
    ['resource.uri == "a"', 'missing: resource.uri'],
    ['response.total > 1', 'missing: response.total'],
    ["request.headers['user-agent'] == 'x'", 'missing: request.headers["user-agent"]'],
    ['user.permissions[9] == "a"', 'missing: user.permissions[9]'],
    ['user.permissions.exists(p, p.x == 1)', 'missing: p.x'],
    ['$customer_id < "5"', 'wrong types (int, string): $customer_id < "5"'],
    ['!user.role', 'wrong types (string): !user.role'],
    ['user.role', 'neither true nor false: user.role'],
    ['user.permissions.exists(p, p)', 'neither true nor false: p'],
    ['user.role && true', 'neither true nor false: user.role && true'],
    ['user.role.inCidr("10.0.0.0/8")', 'no IP address: user.role.inCidr("10.0.0.0/8")'],
    ['int(user.role) == 1', 'a text that is no whole number: int(user.role)'],
    ['1 / (user.customer_id - 7) == 1', 'divide by zero: 1 / (user.customer_id - 7) == 1'],
  ])('%s', (source, reason) => {
    expect(evaluate(source, alice)).toEqual({ type: 'error', cause: 'condition', reason })
  })

  test('a reason shows the words of the author and no value of the call', () => {
    const secret = { claims: { key: 'hunter2', map: {} } }
    for (const source of ['user.map[user.key] == 1', 'user.key < 5', 'bool(user.key)']) {
      expect(outcome(source, secret)).not.toContain('hunter2')
    }
  })

  test.each([
    ["user.nope == 'a' || true", true],
    ["true || user.nope == 'a'", true],
    ["user.nope == 'a' && false", false],
    ["user.nope == 'a' || user.role == 'admin'", true],
    ['[1, 2].exists(x, x == 2 || user.nope)', true],
    ["user.nope == 'a' || false", 'missing: user.nope'],
    ['user.nope && true', 'missing: user.nope'],
    ['[1].all(x, user.nope)', 'missing: user.nope'],
  ])('an error beside what settles it is no matter: %s', (source, expected) => {
    expect(outcome(source, alice)).toBe(expected)
  })

  test.each([
    ['has(user.role)', true],
    ['has(user.nope)', false],
    ['has(user["nope"])', false],
    ['has($customer_id)', true],
    ['has($nope)', false],
    ['has(session.id)', false],
    ['has(resource.uri)', false],
    ['has(response.structuredContent)', false],
    ['has(user.nope.x)', 'missing: user.nope'],
  ])('%s', (source, expected) => {
    expect(outcome(source, alice)).toBe(expected)
  })
})

describe('the message', () => {
  test('claims never win over what was verified', () => {
    const claims = { id: 'root', roles: ['root'], teams: ['root'], authenticated: true, via: 'jwt' }
    const source =
      'user.id == "" && user.roles == [] && user.teams == [] && !user.authenticated && user.via == "none"'
    expect(outcome(source, { claims })).toBe(true)
  })

  test.each([
    'kind == "tools/call" && hook == "pre" && direction == "to_server" && server == "hr"',
    'protocol == "2025-11-25" && request.ip == "192.0.2.44"',
    'client.id == "" && client.claimed.name == "agent"',
    'tool.name == "employee_data" && tool.action_class == "unknown" && tool.annotations == {}',
    'tool.args == args && $args == args && args == {"customer_id": 7}',
    'session.id == "s1" && request.headers["user-agent"] == "x"',
    'time == timestamp("2026-11-20T10:00:00Z")',
    '!has(request.headers.authorization)',
  ])('%s', (source) => {
    const call = {
      claimed: { name: 'agent', version: '1' },
      session: { id: 's1', upstreamId: 'u1' },
      headers: { 'user-agent': 'x', authorization: 'Bearer x' },
    } as Asked['call']
    expect(outcome(source, { ...alice, call })).toBe(true)
  })

  test('a response is there behind its call', () => {
    const response = '{"structuredContent":{"total":12},"isError":false}'
    const source = 'hook == "post" && response.structuredContent.total > 10 && !response.isError'
    expect(outcome(source, { response })).toBe(true)
    expect(outcome('has(response.structuredContent)', { response })).toBe(true)
  })

  test('an item of a list is judged as the call that it stands for, without arguments', () => {
    const budget = createCelBudget(1000)
    const input = inputOf({
      call: { operation: { type: 'other', kind: 'tools/list', params: undefined } },
    })
    const item = {
      kind: 'tools/call',
      name: 'wipe',
      annotations: { destructiveHint: true },
      actionClass: 'destructive',
    } as const
    const context = createCelContext(input, { budget, item })
    const held = (source: string): string => compileCondition(source).evaluate(context).type
    expect(held('kind == "tools/call" && hook == "pre" && tool.name == "wipe"')).toBe('holds')
    expect(held('tool.annotations.destructiveHint && tool.action_class == "destructive"')).toBe(
      'holds',
    )
    expect(held('$path == "a"')).toBe('error')
    expect(held('has(tool.args)')).toBe('fails')
  })

  test('what is not read is not looked at', () => {
    const input = { ...inputOf(alice), document: Buffer.from('no JSON at all') }
    const context = createCelContext(input, { budget: createCelBudget(1000) })
    const source = 'user.role == "admin" && server == "hr" && tool.name == "employee_data"'
    expect(compileCondition(source).evaluate(context).type).toBe('holds')
  })
})

describe('numbers are those that are written', () => {
  const args = `{"big":9007199254740993,"huge":1e400,"least":-9223372036854775808,"uint":18446744073709551615,
    "over":18446744073709551616,"one":1.0,"thousand":1e3,"half":0.5,"tiny":1e-400,"long":1${'0'.repeat(5000)},
    "shifted":900719925474099.3e1,"zero":-0,"list":[9007199254740993]}`

  test.each([
    '$big == 9007199254740993 && $big != 9007199254740992 && $big > 9007199254740992.0',
    '$list[0] == 9007199254740993 && 9007199254740993 in $list && !(9007199254740992 in $list)',
    '$huge > 1e308 && $huge > 9223372036854775807 && type($huge) == double',
    '$least == -9223372036854775808',
    '$uint == 18446744073709551615u && $uint > $big',
    '$over > 18446744073709551615u && type($over) == double',
    'type($one) == int && $one + 1 == 2',
    'type($thousand) == int && $thousand == 1000',
    'type($half) == double && $half < 1',
    '$tiny < 1 && $tiny >= 0',
    '$long > 1e308',
    '$shifted == 9007199254740993',
    '$zero == 0',
  ])('%s', (source) => {
    expect(outcome(source, { args })).toBe(true)
  })
})

describe('names that mean something in JavaScript', () => {
  const args = '{"__proto__":{"admin":true},"constructor":null,"a":{}}'

  test.each([
    ['has($__proto__) && $__proto__.admin', true],
    ['has($constructor) && $constructor == null', true],
    ['has($toString)', false],
    ['has($a.constructor) || has($a.__proto__) || "__proto__" in $a', false],
    ['$a.constructor == 1', 'missing: $a.constructor'],
    ['user.constructor == 1', 'missing: user.constructor'],
    ['user.__proto__.admin', 'missing: user.__proto__'],
    ['"hasOwnProperty" in user', false],
    ['[1].exists(constructor, constructor == 1)', true],
  ])('%s', (source, expected) => {
    expect(outcome(source, { args })).toBe(expected)
  })

  test('a claim called __proto__ is a claim', () => {
    const claims = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, never>
    expect(outcome('user.__proto__.admin', { claims })).toBe(true)
    expect(outcome('has(user.admin)', { claims })).toBe(false)
  })
})

test('an explanation has what was read and compared, in order', () => {
  const source =
    "user.role != 'support' && $customer_id != user.customer_id && has(user.x) && user.x == 1"
  expect(compileCondition(source).explain(contextOf(alice))).toEqual([
    { expression: 'user.role', value: '"admin"' },
    { expression: 'user.role != "support"', value: 'true' },
    { expression: '$customer_id', value: '7' },
    { expression: 'user.customer_id', value: '7' },
    { expression: '$customer_id != user.customer_id', value: 'false' },
    { expression: 'has(user.x)', value: 'false' },
    { expression: 'user.x', value: 'missing: user.x' },
    { expression: 'user.x == 1', value: 'missing: user.x' },
  ])
})

test('long values are cut in an explanation', () => {
  const list = Array.from({ length: 1000 }, (_, at) => at)
  const [first] = compileCondition('5 in $list').explain(
    contextOf({ args: JSON.stringify({ list }) }),
  )
  expect(first?.value).toMatch(/^\[0,1,2,.*…\]$/)
})
