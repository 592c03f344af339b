import { describe, expect, test } from 'vitest'
import type { Principal } from '../../../src/domain/principal.js'
import { callTool, classesOf, judge, judgeList, policyOf } from './engine.js'

const as = (claims: Principal['claims']) => ({ user: { id: 'alice', claims } })
const tools = (...names: readonly string[]) => names.map((name) => ({ name }))

async function shownBy(rules: string, names: readonly string[], claims: Principal['claims'] = {}) {
  const decision = judgeList(await policyOf(rules), 'tools/list', {
    ...as(claims),
    response: tools(...names),
  })
  if (decision.effect === 'deny') throw new Error(decision.reason)
  return { names: decision.names, rules: decision.rules }
}

describe('a list of tools', () => {
  test('hides what would be denied whichever its arguments are, and says by which rule', async () => {
    const rules = `
rules:
  - { id: a, match: { tool: "wipe*" }, when: "user.role != 'admin'", effect: deny }
  - { id: b, match: { tool: read }, when: "$path == '/etc'", effect: deny }
  - { id: c, match: { tool: big }, effect: ask, reason: big }
  - { id: d, match: { tool: big }, effect: dry_run }
  - { id: e, match: { tool: late }, mode: warn, effect: deny }
  - { id: f, match: { tool: after, hook: post }, effect: deny }
`
    const all = ['read', 'wipe_all', 'big', 'late', 'after']
    expect(await shownBy(rules, all, { role: 'dev' })).toEqual({
      names: ['read', 'big', 'late', 'after'],
      rules: ['a'],
    })
    expect(await shownBy(rules, all, { role: 'admin' })).toEqual({ names: all, rules: [] })
    // Without a role nobody can say whether the call would be denied: it is.
    expect((await shownBy(rules, all)).names).toEqual(['read', 'big', 'late', 'after'])
  })

  test('shows of an allow-list what may be allowed', async () => {
    const rules = `
default: deny
rules:
  - { id: a, match: { tool: open }, effect: allow }
  - { id: b, match: { tool: args }, when: "$n < 5", effect: allow }
  - { id: c, match: { tool: mine }, when: "user.role == 'dev'", effect: allow }
  - { id: d, match: { tool: tried }, mode: audit-only, effect: allow }
  - { id: e, match: { tool: asked }, effect: ask, reason: big }
`
    const all = ['open', 'args', 'mine', 'tried', 'asked', 'other']
    expect((await shownBy(rules, all, { role: 'dev' })).names).toEqual(['open', 'args', 'mine'])
    expect((await shownBy(rules, all, { role: 'guest' })).names).toEqual(['open', 'args'])
  })

  test('agrees with the call: what it hides is denied, with any arguments', async () => {
    const policy = await policyOf(`
rules:
  - { id: a, match: { tool: x }, when: "tool.name == 'x' && user.role == 'dev'", effect: deny }
  - { id: b, match: { server: "h*", tool: y }, effect: deny }
`)
    const scene = { ...as({ role: 'dev' }), response: tools('x', 'y', 'z') }
    const decision = judgeList(policy, 'tools/list', scene)
    expect(decision).toMatchObject({ effect: 'allow', names: ['z'] })
    for (const tool of ['x', 'y']) {
      expect(judge(policy, tool, { ...as({ role: 'dev' }), args: { n: 1 } }).effect).toBe('deny')
    }
  })

  test('knows the classes and annotations of its tools', async () => {
    const rules = `
rules:
  - { id: a, match: { action_class: [destructive] }, effect: deny }
  - { id: b, match: { tool: "*" }, when: "has(tool.annotations.secret)", effect: deny }
`
    const policy = await policyOf(rules, {
      classify: classesOf({ see: 'read', wipe: 'destructive' }),
    })
    const secret = { name: 'see', annotations: { secret: true } }
    const response = [...tools('see', 'wipe', 'what')]
    expect(judgeList(policy, 'tools/list', { response })).toMatchObject({ names: ['see'] })
    expect(judgeList(policy, 'tools/list', { response: [secret] })).toMatchObject({ names: [] })
  })

  test('is refused where it is over the limit', async () => {
    const policy = await policyOf('rules: [{ id: a, match: { tool: x }, effect: deny }]')
    const response = tools('x'.repeat(1 << 16))
    expect(judgeList(policy, 'tools/list', { response })).toMatchObject({
      effect: 'deny',
      fault: 'input_too_large',
    })
  })
})

describe('other lists', async () => {
  const policy = await policyOf(`
rules:
  - { id: a, match: { resource: "file:///etc/*" }, effect: deny }
  - { id: b, match: { prompt: secret }, effect: deny }
  - { id: c, match: { kind: resources/read }, when: "server == 'crm'", effect: deny }
`)
  const uris = (...all: readonly string[]) => all.map((uri) => ({ uri, name: 'n' }))

  test('resources are judged in every form in which a server may look them up', () => {
    const response = uris('file:///etc/passwd', 'file:///home', 'file:///home/../etc/passwd')
    expect(judgeList(policy, 'resources/list', { response })).toMatchObject({
      names: ['file:///home'],
    })
  })

  test('templates are hidden only by rules that read nothing of the resource', () => {
    const response = [{ uriTemplate: 'file:///etc/{name}' }]
    expect(judgeList(policy, 'resources/templates/list', { response })).toMatchObject({
      names: ['file:///etc/{name}'],
    })
    const ofCrm = { server: 'crm', response }
    expect(judgeList(policy, 'resources/templates/list', ofCrm)).toMatchObject({ names: [] })
  })

  test('prompts are judged as what gets them', () => {
    const response = tools('secret', 'open')
    expect(judgeList(policy, 'prompts/list', { response })).toMatchObject({ names: ['open'] })
  })
})

describe('hooks', () => {
  const hooksOf = async (rules: string) => (await policyOf(rules)).hooks

  test('a list is read only where a rule could hide something of it', async () => {
    const list = async (rule: string) => (await hooksOf(`rules: [{ id: a, ${rule} }]`)).list
    expect(await list('match: { tool: x }, effect: deny')).toBe(true)
    expect(await list('match: { kind: "*" }, when: "user.id == \'\'", effect: deny')).toBe(true)
    expect(await list('match: { tool: x }, when: "$a == 1", effect: deny')).toBe(false)
    expect(await list('match: { tool: x }, effect: ask, reason: big')).toBe(false)
    expect(await list('match: { tool: x }, mode: warn, effect: deny')).toBe(false)
    expect(await list('match: { kind: initialize }, effect: deny')).toBe(false)
    expect((await hooksOf('default: deny\nrules: []')).list).toBe(true)
    expect((await hooksOf('mode: audit-only\ndefault: deny\nrules: []')).list).toBe(false)
  })

  test('replies are read only where a rule runs on them', async () => {
    expect((await hooksOf('rules: [{ id: a, match: { tool: x }, effect: deny }]')).post).toBe(false)
    const masks = '{ id: a, match: { tool: x }, effect: mask_fields, fields: [b] }'
    expect((await hooksOf(`rules: [${masks}]`)).post).toBe(true)
  })
})

test('a tool redacts for whom a rule could hide something of what it returns', async () => {
  const policy = await policyOf(`
rules:
  - { id: a, match: { tool: emp, team: core }, when: "user.role == 'x'", effect: mask_fields, fields: [b] }
  - { id: b, match: { tool: "rep_*" }, effect: replace, replace: [{ path: "response.**", pattern: x, with: "" }], }
  - { id: c, match: { tool: tried }, mode: warn, effect: filter_fields, fields: [b] }
  - { id: d, match: { tool: args }, effect: patch, patch: { args: { a: 1 } } }
  - { id: e, match: { tool: never }, when: "1 > 2", effect: filter_fields, fields: [b] }
`)
  const redacts = (tool: string, teams: readonly string[] = []) =>
    policy.redacts(callTool('any', { user: { teams } }), tool)
  expect(redacts('emp', ['core'])).toBe(true)
  expect(redacts('emp')).toBe(false)
  expect(redacts('rep_x')).toBe(true)
  expect(redacts('tried')).toBe(false)
  expect(redacts('args')).toBe(false)
  expect(redacts('never')).toBe(false)
})
