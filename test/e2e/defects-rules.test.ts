import { rename } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { readRules } from '../../src/policy/rules/read-rules.js'
import { toolCall } from '../support/gateway.js'
import { logged, sentTo } from '../support/governed.js'
import { withClaims, writeTexts } from '../policies/rules-gateway.js'
import { createRuledScenes, asked, denyOthers, hr, sales } from '../policies/ruled-scenes.js'
import { differencesIn } from '../policies/told-cases.js'

// What systems of this kind are known to have got wrong, each as a rule that must not.

const { ruled, close } = createRuledScenes()
afterEach(close)

const reading = toolCall('employee_data', { id: 7 })

describe('what cannot be evaluated', () => {
  test.each<readonly [what: string, condition: string, reason: RegExp]>([
    ['a member that is missing', "user.department != 'hr'", /^missing: user\.department$/],
    ['a value of another type', 'user.role > 3', /./],
    ['a number that is divided by nothing', '1 / user.zero == 1', /./],
    ['an item behind the end', "user.list[5] == 'a'", /./],
  ])('never lets a call pass: %s', async (_what, condition, reason) => {
    const scene = await ruled(denyOthers.replace("user.department != 'hr'", condition))
    const caller = withClaims('ann@example.org', { role: 'clerk', zero: 0, list: ['a'] })
    expect(await asked(scene, reading, caller)).toMatchObject({
      ...{ status: 403, code: 403, message: 'policy_error' },
      data: { reason: expect.stringMatching(reason), forwarded: false },
    })
    expect(sentTo(scene.upstream)).toEqual([])
    const [denied] = await logged(scene.gateway, 'decision')
    expect(denied).toMatchObject({ effect: 'deny', code: 'policy_error', enforced: true })
    expect(denied['rules']).toHaveLength(1)
  })

  test('withholds the result where a filter depends on it', async () => {
    const rules = `
tool:
  name: employee_data
  policies:
    output:
      - { condition: "user.clearance < 3", action: filter_fields, fields: [salary] }
`
    const scene = await ruled(rules, { result: '{"structuredContent":{"salary":75000}}' })
    const reply = await scene.gateway.post(reading, sales)
    const text = await reply.text()
    expect(reply.status).toBe(403)
    expect(text).toContain('missing: user.clearance')
    expect(text).not.toContain('75000')
  })

  test('is no allow for an allow-list either', async () => {
    const rules = `
version: 1
default: deny
rules:
  - { id: cleared, match: { kind: tools/call }, when: "user.clearance >= 3", effect: allow }
`
    const scene = await ruled(rules)
    expect(await asked(scene, reading, sales)).toMatchObject({
      status: 403,
      message: 'policy_error',
    })
  })
})

describe('rules are checked when they are loaded', () => {
  test.each<readonly [what: string, rules: string, fault: RegExp]>([
    [
      'a condition that does not parse',
      denyOthers.replace("!= 'hr'", "!= 'hr"),
      /^rules\.yaml:6:\d+: /m,
    ],
    ['a name that conditions do not have', denyOthers.replace('user.', 'usr.'), /usr/],
    [
      'a condition that is not boolean',
      denyOthers.replace("user.department != 'hr'", "'hr'"),
      /rules\.yaml:6/,
    ],
    [
      'a key that nobody knows',
      denyOthers.replace('reason:', 'reasons:'),
      /rules\.yaml:8.*reasons/,
    ],
    ['an action that nobody knows', denyOthers.replace('deny', 'block'), /rules\.yaml:7/],
    [
      'a path that nobody can read',
      `${denyOthers}    output:\n      - { condition: "true", action: filter_fields, fields: ["a..b"] }\n`,
      /rules\.yaml:10/,
    ],
    [
      'a pattern that is none',
      denyOthers.replace("user.department != 'hr'", "$id.matches('(')"),
      /rules\.yaml:6/,
    ],
  ])('%s is refused with its place', (_what, rules, fault) => {
    const read = () => readRules([{ name: 'rules.yaml', text: Buffer.from(rules) }], [])
    expect(read).toThrow(fault)
  })

  test('a reload of such rules leaves the last good ones in force', async () => {
    const scene = await ruled(denyOthers)
    expect(await asked(scene, reading, hr)).toMatchObject({ status: 200 })
    await writeTexts(scene.folder, { 'next.txt': 'rules: [' })
    await rename(`${scene.folder}/next.txt`, `${scene.folder}/rules.yaml`)
    await scene.gateway.reload()
    expect(await asked(scene, reading, hr)).toMatchObject({ status: 200 })
    expect(await asked(scene, reading, sales)).toMatchObject({ status: 403 })
  })
})

describe('a refusal', () => {
  test('is on record with the rule, although the call never went on', async () => {
    const scene = await ruled(denyOthers)
    await asked(scene, reading, sales)
    const [denied] = await logged(scene.gateway, 'decision')
    expect(denied).toMatchObject({
      ...{ hook: 'pre', effect: 'deny', enforced: true, engine: 'rules' },
      ...{ code: 'policy_deny', reason: 'HR department only' },
      rules: ['employee_data.input.hr-department-only'],
      principal: { id: 'sal@example.org' },
    })
  })

  test.each<readonly [code: string, status: number]>([
    ['policy_deny', 403],
    ['validation_failed', 422],
    ['rate_limited', 429],
  ])('as %s is HTTP %i, with a proper JSON-RPC error', async (code, status) => {
    const rules = `${denyOthers}        code: ${code}\n${code === 'rate_limited' ? '        retry_after: 7\n' : ''}`
    const scene = await ruled(rules)
    const reply = await scene.gateway.post(reading, sales)
    expect(reply.status).toBe(status)
    expect(reply.headers.get('retry-after')).toBe(code === 'rate_limited' ? '7' : null)
    expect(await reply.json()).toMatchObject({
      ...{ jsonrpc: '2.0', id: 1 },
      error: { code: status, message: code, data: { reason: 'HR department only' } },
    })
  })

  test('can be expected in a case, which fails where the call passes', async () => {
    const call = { tool: 'employee_data', args: { id: 7 } }
    const denied = { effect: 'deny', code: 'policy_deny', reason: 'HR department only' }
    const by = (department: string) => ({ user: { id: 'a', department }, call, expect: denied })
    expect(await differencesIn(denyOthers, by('sales'))).toEqual([])
    expect(await differencesIn(denyOthers, by('hr'))).toHaveLength(1)
  })
})

describe('without an engine', () => {
  test('nothing passes, and the gateway is not ready', async () => {
    const scene = await ruled(undefined)
    expect(await asked(scene, reading, hr)).toMatchObject({
      status: 503,
      message: 'policy_unavailable',
    })
    expect((await fetch(`${scene.gateway.opsUrl}/readyz`)).status).toBe(503)
    expect(sentTo(scene.upstream)).toEqual([])
    const [denied] = await logged(scene.gateway, 'decision')
    expect(denied).toMatchObject({ effect: 'deny', code: 'policy_unavailable', enforced: true })
  })
})

test('what the rules say drives what happens: the same call under other rules is another decision', async () => {
  const strict = await ruled(denyOthers)
  const lax = await ruled(denyOthers.replace("'hr'", "'sales'"))
  expect(await asked(strict, reading, sales)).toMatchObject({ status: 403 })
  expect(await asked(lax, reading, sales)).toMatchObject({ status: 200 })
  expect(await asked(lax, reading, hr)).toMatchObject({ status: 403 })
})
