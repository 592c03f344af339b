import { describe, expect, test } from 'vitest'
import { differencesIn, indented, type Told } from './told-cases.js'

// Snippets of the short form as its reference has them, word for word.

const call = { tool: 'employee_data', args: {} }
const employee = { name: 'Ann Example', salary: 75000, ssn: '000-00-0000', bank_account: 'XX00' }

function input(rules: string): string {
  return `policies:\n  input:\n${indented(rules, 4)}\n`
}

function output(rules: string): string {
  return `policies:\n  output:\n${indented(rules, 4)}\n`
}

type Row = readonly [title: string, told: Told]

describe('input policies', () => {
  const rules = `
policies:
  input:
    - condition: "!('hr.read' in user.permissions)"
      action: deny
      reason: "Missing HR read permission"

    - condition: "user.role == 'guest'"
      action: deny
      reason: "Guests cannot access this endpoint"
`
  const missing = 'Missing HR read permission'
  const guests = 'Guests cannot access this endpoint'

  test.each<Row>([
    [
      'pass who has the permission and is no guest',
      { user: { id: 'a', permissions: ['hr.read'], role: 'clerk' }, expect: 'allow' },
    ],
    [
      'refuse who lacks the permission',
      {
        user: { id: 'a', permissions: ['hr.write'], role: 'clerk' },
        expect: { effect: 'deny', code: 'policy_deny', reason: missing },
      },
    ],
    [
      'refuse guests, whatever they may do',
      {
        user: { id: 'a', permissions: ['hr.read'], role: 'guest' },
        expect: { effect: 'deny', code: 'policy_deny', reason: guests },
      },
    ],
    [
      'refuse who has no permissions to look at, and say so',
      {
        user: { id: 'a', role: 'clerk' },
        expect: { effect: 'deny', code: 'policy_error', reason: 'missing: user.permissions' },
      },
    ],
  ])('%s', async (_title, told) => {
    expect(await differencesIn(rules, { call, ...told })).toEqual([])
  })
})

describe('output policies', () => {
  const rules = `
policies:
  output:
    - condition: "user.role != 'admin'"
      action: filter_fields
      fields: ["salary", "ssn", "bank_account"]
      reason: "Sensitive data restricted"

    - condition: "user.department != 'finance'"
      action: mask_fields
      fields: ["revenue", "profit"]
      mask: "***"
`
  const result = { ...employee, revenue: 1200, profit: 300 }

  test.each<Row>([
    [
      'remove and mask for others',
      {
        user: { id: 'a', role: 'user', department: 'sales' },
        expect: {
          result_contains: { name: 'Ann Example', revenue: '***', profit: '***' },
          result_not_contains: ['salary', '75000', 'ssn', 'bank_account', '1200', '300'],
        },
      },
    ],
    [
      'only mask for an admin',
      {
        user: { id: 'a', role: 'admin', department: 'sales' },
        expect: { result_contains: { ...employee, revenue: '***', profit: '***' } },
      },
    ],
    [
      'only remove for finance',
      {
        user: { id: 'a', role: 'user', department: 'finance' },
        expect: {
          result_contains: { revenue: 1200, profit: 300 },
          result_not_contains: ['salary', 'ssn', 'bank_account'],
        },
      },
    ],
    [
      'do neither for an admin of finance',
      {
        user: { id: 'a', role: 'admin', department: 'finance' },
        expect: { result_contains: result },
      },
    ],
  ])('%s', async (_title, told) => {
    expect(await differencesIn(rules, { call, result, ...told })).toEqual([])
  })
})

describe('actions', () => {
  const deny = input(`
- condition: "!('data.read' in user.permissions)"
  action: deny
  reason: "Insufficient permissions"
`)
  const filter = output(`
- condition: "user.role != 'hr_manager'"
  action: filter_fields
  fields: ["salary", "ssn"]
`)
  const mask = output(`
- condition: "user.clearance_level < 5"
  action: mask_fields
  fields: ["classified_info"]
  mask: "[REDACTED]"
`)
  const warn = input(`
- condition: "user.department != 'sales'"
  action: warn
  reason: "Cross-department access"
`)
  const classified = { title: 'Plan', parts: [{ classified_info: { place: 'here' } }] }

  test.each<readonly [title: string, rules: string, told: Told]>([
    [
      'deny refuses',
      deny,
      {
        user: { id: 'a', permissions: [] },
        expect: { effect: 'deny', code: 'policy_deny', reason: 'Insufficient permissions' },
      },
    ],
    [
      'deny refuses nobody else',
      deny,
      { user: { id: 'a', permissions: ['data.read'] }, expect: 'allow' },
    ],
    [
      'filter_fields removes',
      filter,
      {
        user: { id: 'a', role: 'clerk' },
        result: employee,
        expect: {
          result_contains: { name: 'Ann Example' },
          result_not_contains: ['salary', '75000', 'ssn', '000-00-0000'],
        },
      },
    ],
    [
      'filter_fields removes nothing for others',
      filter,
      {
        user: { id: 'a', role: 'hr_manager' },
        result: employee,
        expect: { result_contains: employee },
      },
    ],
    [
      'mask_fields replaces values, in nested objects of lists too',
      mask,
      {
        user: { id: 'a', clearance_level: 4 },
        result: classified,
        expect: {
          result_contains: { title: 'Plan', parts: [{ classified_info: '[REDACTED]' }] },
          result_not_contains: 'here',
        },
      },
    ],
    [
      'mask_fields replaces nothing for others',
      mask,
      {
        user: { id: 'a', clearance_level: 5 },
        result: classified,
        expect: { result_contains: classified },
      },
    ],
    [
      'mask_fields takes **** where no mask is named',
      mask.replace(/\n *mask: .*/, ''),
      {
        user: { id: 'a', clearance_level: 4 },
        result: classified,
        expect: { result_contains: { classified_info: '****' } },
      },
    ],
    [
      'warn leaves a warning and lets the call pass',
      warn,
      {
        user: { id: 'a', department: 'hr' },
        expect: { effect: 'allow', warnings: 'Cross-department access' },
      },
    ],
    [
      'warn warns of nobody else',
      warn,
      { user: { id: 'a', department: 'sales' }, expect: 'allow' },
    ],
  ])('%s', async (_title, rules, told) => {
    expect(await differencesIn(rules, { call, ...told })).toEqual([])
  })
})

describe('a condition', () => {
  /** Each with somebody for whom it holds and somebody for whom it does not. */
  test.each<readonly [condition: string, holds: object, fails: object]>([
    ["user.role == 'admin'", { role: 'admin' }, { role: 'Admin' }],
    ["'hr.read' in user.permissions", { permissions: ['x', 'hr.read'] }, { permissions: ['hr'] }],
    ["user.department == 'engineering'", { department: 'engineering' }, { department: '' }],
    ['user.clearance_level >= 3', { clearance_level: 3 }, { clearance_level: 2.9 }],
    ["user.role != 'guest'", { role: 'user' }, { role: 'guest' }],
    [
      "user.role == 'manager' && user.department == 'sales'",
      { role: 'manager', department: 'sales' },
      { role: 'manager', department: 'hr' },
    ],
    ["user.role == 'admin' || user.role == 'owner'", { role: 'owner' }, { role: 'user' }],
    ["!(user.role == 'guest')", { role: 'user' }, { role: 'guest' }],
    ["'read:all' in user.permissions", { permissions: ['read:all'] }, { permissions: [] }],
    ['user.access_level >= 3', { access_level: 30 }, { access_level: 0 }],
  ])('%s holds where it says so, and nowhere else', async (condition, holds, fails) => {
    const rules = input(`
- condition: "${condition}"
  action: deny
  reason: "It holds"
`)
    const denied = { effect: 'deny', code: 'policy_deny', reason: 'It holds' }
    const told = { call, expect: denied }
    expect(await differencesIn(rules, { ...told, user: { id: 'a', ...holds } })).toEqual([])
    const passed = { call, expect: 'allow' }
    expect(await differencesIn(rules, { ...passed, user: { id: 'a', ...fails } })).toEqual([])
    expect(
      await differencesIn(rules, {
        call,
        user: { id: 'a' },
        expect: { effect: 'deny', code: 'policy_error' },
      }),
    ).toEqual([])
  })

  test('reads an argument as $name, and nothing else under that name', async () => {
    const rules = input(`
- condition: "user.role != 'support' && $customer_id != user.customer_id"
  action: deny
  reason: "Can only access own data: $customer_id"
`)
    const user = { id: 'a', role: 'customer', customer_id: 'c-17', args: { customer_id: 'c-18' } }
    const reason = 'Can only access own data: $customer_id'
    const ask = (args: object, told: object) =>
      differencesIn(rules, { user, call: { tool: 'customer_info', args }, expect: told })
    expect(await ask({ customer_id: 'c-17' }, { effect: 'allow' })).toEqual([])
    expect(await ask({ customer_id: 'c-18' }, { effect: 'deny', reason })).toEqual([])
    const missing = 'missing: $customer_id'
    expect(await ask({}, { effect: 'deny', code: 'policy_error', reason: missing })).toEqual([])
  })

  test('leaves a dollar sign in a text alone', async () => {
    const rules = input(`
- condition: "$price == '$customer_id'"
  action: deny
  reason: "It holds"
`)
    const told = { user: { id: 'a' }, expect: { effect: 'deny', reason: 'It holds' } }
    const args = { price: '$customer_id' }
    expect(await differencesIn(rules, { ...told, call: { tool: 'buy', args } })).toEqual([])
  })
})
