import { describe, expect, test } from 'vitest'
import type { PolicyContents } from '../../../src/policy/prepare.js'
import { fixtureBundle } from '../fixtures.js'
import { member, setOf } from '../members.js'
import { callTool, inputOf, judge, judgeList, policyOf, request } from './engine.js'

const regoOf = async (
  name: string,
): Promise<Pick<PolicyContents, 'wasm' | 'entrypoints' | 'data'>> => {
  const { wasm, entrypoints, data } = await fixtureBundle(name)
  return { wasm, entrypoints, data }
}

/** `gateway` denies admin tools to whoever is no admin, gives `weather.get` its units, and hides `salary`. */
describe('Rego and rules of one bundle', async () => {
  const policy = await policyOf(
    `
rules:
  - { id: no-wipe, match: { tool: wipe }, effect: deny, reason: never }
  - { id: too, match: { tool: db.backup }, effect: deny, reason: not here }
  - { id: units, match: { tool: weather.get }, effect: patch, patch: { args: { lang: en } } }
  - { id: clash, match: { tool: weather.get }, when: "$clash == true", effect: patch, patch: { args: { units: us } } }
  - { id: ssn, match: { tool: "*" }, effect: filter_fields, fields: [ssn] }
  - { id: note, match: { tool: weather.get }, effect: warn, reason: noted }
`,
    {
      ...(await regoOf('gateway')),
      data: Buffer.from('{"mcp":{"config":{"admin_tools":["db.backup"],"coldest":-273}}}'),
    },
  )

  test('judge by themselves, and the stricter wins', () => {
    expect(judge(policy, 'wipe')).toMatchObject({
      effect: 'deny',
      engine: 'rules',
      rules: ['no-wipe'],
      reason: 'never',
    })
    expect(judge(policy, 'temp.convert', { args: { value: -500 } })).toMatchObject({
      engine: 'rego',
      code: 'validation_failed',
      rules: [],
    })
    expect(judge(policy, 'other')).toMatchObject({ effect: 'allow', engine: 'rego', rules: [] })
  })

  test('of equal refusals Rego comes first', () => {
    expect(judge(policy, 'db.backup')).toMatchObject({
      engine: 'rego',
      reason: 'role_mismatch',
      rules: ['admin-only', 'too'],
    })
  })

  test('have their duties added up, unless they contradict each other', () => {
    const args = (clash: boolean) => ({ args: { clash } })
    expect(judge(policy, 'weather.get', args(false))).toMatchObject({
      effect: 'allow',
      rules: ['note', 'units'],
      warnings: ['noted'],
      obligations: [
        { type: 'merge', value: { units: 'metric' } },
        { type: 'merge', value: { lang: 'en' } },
      ],
    })
    expect(judge(policy, 'weather.get', args(true))).toMatchObject({
      effect: 'deny',
      fault: 'obligation',
      reason: expect.stringContaining('the patches of rego and clash differ about'),
    })
  })

  test('hide together what they hide alone', () => {
    const decision = judge(policy, 'any', { response: { salary: 1, ssn: 2 } })
    const obligations = 'obligations' in decision ? decision.obligations : []
    const paths = obligations.flatMap((each) => ('paths' in each ? (each.paths ?? []) : []))
    const sources = new Set(paths.map(({ source }) => source))
    expect(sources).toEqual(new Set(['salary', 'ssn', 'response.structuredContent.ssn']))
  })

  test('leave of a list what both leave', () => {
    const response = ['wipe', 'db.backup', 'other'].map((name) => ({ name }))
    expect(judgeList(policy, 'tools/list', { response })).toMatchObject({
      effect: 'allow',
      names: ['other'],
    })
  })

  test('are explained beside each other', () => {
    const explained = policy.explain?.(inputOf(callTool('db.backup')))
    expect(explained?.files).toEqual([
      expect.objectContaining({ name: 'rego', effect: 'deny', decides: true }),
      expect.objectContaining({
        name: 'rules.yaml',
        effect: 'deny',
        decides: false,
        byDefault: false,
        rules: [expect.objectContaining({ id: 'too', outcome: 'holds', place: 'rules.yaml:4:5' })],
      }),
    ])
  })
})

/** `beside-rules` has no `mcp/pre`; it hides `ssn` of `emp` and leaves `hidden_by_rego` out of lists. */
describe('Rego without mcp/pre', async () => {
  const rego = await regoOf('beside-rules')
  const rules = 'rules: [{ id: no, match: { tool: wipe }, effect: deny, reason: never }]'

  test('says nothing before a call where rules do', async () => {
    const policy = await policyOf(rules, rego)
    expect(policy.hooks).toEqual({ pre: true, post: true, list: true })
    expect(judge(policy, 'wipe')).toMatchObject({ rules: ['no'], engine: 'rules' })
    expect(judge(policy, 'emp')).toMatchObject({ effect: 'allow', engine: 'rules', rules: [] })
    expect(judge(policy, 'emp', { response: {} })).toMatchObject({
      rules: ['rego-hides'],
      obligations: [{ type: 'filter' }],
    })
    const response = ['wipe', 'hidden_by_rego', 'other'].map((name) => ({ name }))
    expect(judgeList(policy, 'tools/list', { response })).toMatchObject({ names: ['other'] })
  })

  test('is refused without rules, and so is a bundle of neither', async () => {
    await expect(policyOf({}, rego)).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('no entrypoint mcp/pre'),
    })
    await expect(policyOf({})).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('data and no policy'),
    })
  })

  test('names the tools that it redacts in its data', async () => {
    const policy = await policyOf(rules, rego)
    const redacts = (server: string, tool: string) =>
      policy.redacts(request('tools/list', {}, { server }), tool)
    expect(redacts('hr', 'emp')).toBe(true)
    expect(redacts('crm', 'rep_1')).toBe(true)
    expect(redacts('hr', 'rep_1')).toBe(false)
    expect(redacts('hr', 'employee')).toBe(false)
  })

  test.each(['"emp"', '{"emp":true}', '[1]', '[["emp"]]', 'null'])(
    'is refused where it names them as %s',
    async (redacts) => {
      const data = Buffer.from(`{"portcullis":{"redacts":${redacts}}}`)
      await expect(policyOf(rules, { ...rego, data })).rejects.toMatchObject({
        fault: 'check',
        message: expect.stringContaining('data.portcullis.redacts'),
      })
    },
  )
})

describe('rules in a set of several bundles', async () => {
  const organisation = await policyOf({
    'rules/a.yaml': 'rules: [{ id: deny, match: { tool: wipe }, effect: deny, reason: never }]',
    'rules/b.yaml':
      'rules: [{ id: clean, match: { tool: "*", hook: post }, effect: replace, replace: [{ path: "response.**", pattern: x, with: "" }] }]',
  })
  const team = await policyOf(`
default: deny
rules:
  - { id: ok, match: { tool: "*" }, effect: allow }
  - { id: warns, match: { tool: read }, effect: warn, reason: noted }
  - { id: hide, match: { tool: "*" }, effect: mask_fields, fields: [ssn] }
`)
  const set = setOf(
    member('team', team, 'team', { server: 'hr' }),
    member('org', organisation, 'organisation'),
  )

  test('are told by the bundle that they are of', () => {
    expect(judge(set, 'wipe')).toMatchObject({ effect: 'deny', rules: ['org/deny'] })
    expect(judge(set, 'read')).toMatchObject({
      effect: 'allow',
      rules: ['team/ok', 'team/warns'],
      warnings: ['noted'],
    })
  })

  test('are combined duty by duty: what one rewrites is hidden from the other before', () => {
    const decision = judge(set, 'read', { response: {} })
    expect(decision.rules).toEqual(['org/clean', 'team/hide'])
    const types = 'obligations' in decision ? decision.obligations.map(({ type }) => type) : []
    expect(types.indexOf('mask')).toBeLessThan(types.indexOf('replace'))
    expect(types.at(-1)).toBe('mask')
  })

  test('are explained with the layer of their bundle', () => {
    const files = set.explain?.(inputOf(callTool('wipe'))).files
    expect(files?.map(({ name, layer, decides }) => [name, layer, decides])).toEqual([
      ['org/rules/a.yaml', 'organisation', true],
      ['org/rules/b.yaml', 'organisation', false],
      ['team/rules.yaml', 'team', false],
    ])
  })

  test('have no say outside of the scope of their bundle', () => {
    const scoped = setOf(member('team', team, 'team', { server: 'hr' }))
    expect(judge(scoped, 'read', { server: 'crm' })).toMatchObject({ fault: 'undefined' })
    expect(scoped.redacts(callTool('any'), 'read')).toBe(true)
    expect(scoped.redacts(callTool('any', { server: 'crm' }), 'read')).toBe(false)
  })
})

test('an explanation shows what the parts of each condition were', async () => {
  const policy = await policyOf(`
rules:
  - { id: a, match: { tool: t }, when: "user.role != 'admin'", effect: deny, reason: no }
  - { id: b, match: { tool: t }, when: "user.gone == 1", effect: warn, reason: odd }
  - { id: c, match: { tool: t }, when: "user.role == 'admin'", effect: allow }
`)
  const call = callTool('t', { user: { claims: { role: 'dev' } } })
  const [file] = policy.explain?.(inputOf(call)).files ?? []
  expect(file?.rules.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['a', 'holds'],
    ['b', 'error'],
    ['c', 'does not hold'],
  ])
  expect(file?.rules[0]?.values).toContainEqual({ expression: 'user.role', value: '"dev"' })
  expect(file?.rules[1]).toMatchObject({ error: 'missing: user.gone', mode: 'enforce' })
})
