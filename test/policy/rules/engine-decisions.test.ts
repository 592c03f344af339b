import { describe, expect, test } from 'vitest'
import type { Principal } from '../../../src/domain/principal.js'
import { errorCounter, inputOf, judge, policyOf, request } from './engine.js'

const as = (claims: Principal['claims'], changes: Partial<Principal> = {}) => ({
  user: { id: 'alice', authenticated: true, via: 'jwt', claims, ...changes } as const,
})

const hr = `
rules:
  - id: b-hr-only
    match: { tool: "employee_*" }
    when: "user.department != 'hr'"
    effect: deny
    reason: HR department only
    remedy: ask HR
  - id: a-note
    match: { tool: "employee_*" }
    effect: audit
  - id: c-late
    match: { tool: employee_data }
    when: "user.role == 'guest'"
    effect: warn
    reason: a guest looks at employees
`

describe('a file of rules', async () => {
  const policy = await policyOf(hr)

  test('says what its matching rules say, and which they were', () => {
    const scene = as({ department: 'sales', role: 'guest' })
    expect(judge(policy, 'employee_data', scene)).toEqual({
      effect: 'deny',
      engine: 'rules',
      rules: ['b-hr-only', 'a-note', 'c-late'],
      revision: 'r1',
      warnings: ['a guest looks at employees'],
      labels: {},
      trial: [],
      code: 'policy_deny',
      reason: 'HR department only',
      remedy: 'ask HR',
      retryAfterSec: undefined,
      fault: undefined,
    })
  })

  test('passes what no rule of it is about', () => {
    expect(judge(policy, 'weather')).toMatchObject({
      effect: 'allow',
      engine: 'rules',
      rules: [],
      obligations: [],
    })
    for (const method of ['initialize', 'ping', 'tools/list', 'notifications/initialized']) {
      expect(policy.evaluate(inputOf(request(method))).effect).toBe('allow')
    }
  })

  test('denies where a condition cannot be evaluated, and says what was missing', () => {
    expect(judge(policy, 'employee_data', as({ role: 'guest' }))).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      fault: 'condition',
      reason: 'missing: user.department',
      rules: ['b-hr-only', 'a-note', 'c-late'],
    })
  })

  test('notes and counts the error of a warning, which blocks nothing', async () => {
    const { causes, tell } = errorCounter()
    const counted = await policyOf(hr, { onRuleError: tell })
    expect(judge(counted, 'employee_data', as({ department: 'hr' }))).toMatchObject({
      effect: 'allow',
      rules: ['a-note'],
      warnings: ['c-late: missing: user.role'],
    })
    expect(causes).toEqual(['condition'])
  })
})

describe('precedence', () => {
  const withEffects = (...effects: readonly string[]) =>
    policyOf(
      `rules:\n${effects
        .map((effect, index) => {
          const asked = effect === 'ask' ? ', remedy: ask' : ''
          return `  - { id: r${index}, match: { tool: t }, effect: ${effect}, reason: of ${effect}${asked} }`
        })
        .join('\n')}`,
    )

  test.each([
    ['deny', ['allow', 'ask', 'dry_run', 'deny', 'audit']],
    ['ask', ['audit', 'dry_run', 'allow', 'ask', 'warn']],
    ['dry_run', ['allow', 'warn', 'dry_run']],
    ['allow', ['audit', 'allow', 'warn']],
  ])('%s comes first', async (effect, effects) => {
    const policy = await withEffects(...effects)
    const decision = judge(policy, 't')
    expect(decision).toMatchObject({ effect, reason: `of ${effect}` })
    expect(decision.rules[0]).toBe(`r${effects.indexOf(effect)}`)
  })

  test('of equal rules the first by id gives the reason', async () => {
    const policy = await policyOf(`
rules:
  - { id: b, match: { tool: t }, effect: deny, reason: second, code: rate_limited, retry_after: 9 }
  - { id: a, match: { tool: t }, effect: deny, reason: first, code: validation_failed }
`)
    expect(judge(policy, 't')).toMatchObject({
      reason: 'first',
      code: 'validation_failed',
      rules: ['a', 'b'],
      retryAfterSec: undefined,
    })
  })

  test('an error comes before a deny, so that nothing hides it', async () => {
    const policy = await policyOf(`
rules:
  - { id: a, match: { tool: t }, effect: deny, reason: no }
  - { id: b, match: { tool: t }, when: "user.gone == 1", effect: allow }
`)
    expect(judge(policy, 't')).toMatchObject({
      code: 'policy_error',
      reason: 'missing: user.gone',
      rules: ['b', 'a'],
    })
  })
})

describe('default: deny', async () => {
  const policy = await policyOf({
    'rules/list.yaml': `
default: deny
rules:
  - { id: ok, match: { tool: "read_*" }, when: "user.role == 'dev'", effect: allow, reason: may read }
  - { id: asks, match: { tool: wipe }, effect: ask, reason: big }
  - { id: warns, match: { tool: wipe }, effect: warn, reason: careful }
`,
  })
  const dev = as({ role: 'dev' })

  test('is satisfied by an allow alone', () => {
    expect(judge(policy, 'read_x', dev)).toMatchObject({
      effect: 'allow',
      rules: ['ok'],
      reason: 'may read',
    })
    expect(judge(policy, 'wipe', dev)).toMatchObject({
      effect: 'deny',
      code: 'policy_deny',
      reason: 'no rule allows it',
      rules: ['rules/list.yaml:default', 'warns'],
      warnings: ['careful'],
    })
    expect(judge(policy, 'read_x', as({ role: 'guest' })).effect).toBe('deny')
  })

  test.each([
    ['resources/read', { uri: 'file:///a' }],
    ['resources/subscribe', { uri: 'file:///a' }],
    ['prompts/get', { name: 'greet' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'greet' } }],
  ])('holds for %s', (method, params) => {
    expect(policy.evaluate(inputOf(request(method, params, dev))).effect).toBe('deny')
  })

  test.each(['initialize', 'ping', 'tools/list', 'notifications/initialized', 'logging/setLevel'])(
    'leaves %s alone',
    (method) => {
      expect(policy.evaluate(inputOf(request(method, {}, dev))).effect).toBe('allow')
    },
  )

  test('says nothing outside of its scope', async () => {
    const scoped = await policyOf('scope: { server: hr, team: core }\ndefault: deny\nrules: []')
    const core = as({}, { teams: ['core'] })
    expect(judge(scoped, 't', core).effect).toBe('deny')
    expect(judge(scoped, 't', { ...core, server: 'crm' }).effect).toBe('allow')
    expect(judge(scoped, 't', as({}, { teams: ['sales'] })).effect).toBe('allow')
  })
})

describe('what a rule does to a message', async () => {
  const schema = Buffer.from(
    JSON.stringify({
      type: 'object',
      properties: { ssn: { type: 'string', sensitive: true }, name: { type: 'string' } },
    }),
  )
  const policy = await policyOf(
    {
      'rules/a.yaml': `
rules:
  - { id: z-mask, match: { tool: "emp*" }, effect: mask_fields, fields: [iban] }
  - { id: y-filter, match: { tool: "emp*" }, when: "user.role != 'boss'", effect: filter_fields, fields: [salary] }
  - { id: x-clean, match: { tool: "emp*", hook: post }, effect: replace, replace: [{ path: "response.**", pattern: "x+", with: "" }] }
  - { id: exempt, match: { tool: "emp*", hook: post }, when: "user.role == 'director'", effect: allow }
  - { id: secret, match: { tool: "emp*" }, effect: filter_sensitive }
`,
      'rules/b.yaml': `
rules:
  - { id: other, match: { tool: emp }, effect: filter_fields, fields: [bonus] }
`,
    },
    { schemas: [{ name: 'emp', text: schema }] },
  )

  const duties = (role: string, tool = 'emp') => {
    const decision = judge(policy, tool, { ...as({ role }), response: { structuredContent: {} } })
    if (decision.effect !== 'allow') return { decision }
    return { rules: decision.rules, types: decision.obligations.map(({ type }) => type) }
  }

  test('is done for all rules together: replaces, filters, masks', () => {
    const { rules, types } = duties('clerk')
    expect(rules).toEqual(['other', 'secret', 'x-clean', 'y-filter', 'z-mask'])
    const first = (type: 'replace' | 'filter') => types?.indexOf(type) ?? -1
    expect(new Set(types)).toEqual(new Set(['replace', 'filter', 'filter_sensitive', 'mask']))
    expect(first('replace')).toBeLessThan(first('filter'))
    expect(types?.at(-1)).toBe('mask')
  })

  test('is not hidden from whom the same file exempts, but for replaces', () => {
    expect(duties('director')).toEqual({
      rules: ['exempt', 'other', 'x-clean'],
      types: expect.arrayContaining(['replace', 'filter']),
    })
  })

  test('is known by the schema of the set', () => {
    const of = (tool: string) => {
      const decision = judge(policy, tool, { ...as({ role: 'boss' }), response: {} })
      if (decision.effect !== 'allow') throw new Error(decision.reason)
      return decision.obligations.find(({ type }) => type === 'filter_sensitive')
    }
    expect(of('emp')).toMatchObject({ paths: [{ source: expect.stringMatching(/ssn$/) }] })
    expect(of('emp_other')).toMatchObject({ paths: undefined })
  })

  test('is refused where two rules want different things of one place', async () => {
    const patching = await policyOf(`
rules:
  - { id: one, match: { tool: t }, effect: patch, patch: { args: { a: 1 } } }
  - { id: two, match: { tool: t }, effect: patch, patch: { args: { a: 2 } } }
`)
    expect(judge(patching, 't')).toMatchObject({
      effect: 'deny',
      fault: 'obligation',
      reason: expect.stringContaining('the patches of one and two differ about'),
    })
  })
})

describe('rules on trial', () => {
  test('leave marks and nothing else', async () => {
    const policy = await policyOf({
      'rules/new.yaml': `
mode: warn
default: deny
rules:
  - { id: no, match: { tool: t }, effect: deny, reason: too_far }
  - { id: broken, match: { tool: t }, when: "user.gone", effect: deny }
  - { id: quiet, match: { tool: t }, mode: audit-only, effect: ask, reason: big }
`,
      'rules/old.yaml': 'default: deny\nrules: [{ id: ok, match: { tool: "*" }, effect: allow }]',
    })
    expect(judge(policy, 't')).toMatchObject({
      effect: 'allow',
      rules: ['ok'],
      warnings: ['broken: missing: user.gone'],
      trial: [
        { rule: 'no', effect: 'deny', reason: 'too_far', tells: true },
        { rule: 'quiet', effect: 'ask', reason: 'big', tells: false },
      ],
    })
    expect(judge(policy, 'other').trial).toEqual([
      {
        rule: 'rules/new.yaml:default',
        effect: 'deny',
        reason: 'no rule allows it',
        tells: true,
      },
    ])
  })

  test('allow nothing and exempt from nothing', async () => {
    const policy = await policyOf(`
default: deny
rules:
  - { id: maybe, match: { tool: t }, mode: audit-only, effect: allow }
  - { id: seen, match: { tool: t, hook: post }, mode: warn, effect: allow }
  - { id: hidden, match: { tool: t }, effect: filter_fields, fields: [a] }
`)
    expect(judge(policy, 't')).toMatchObject({ effect: 'deny', reason: 'no rule allows it' })
    expect(judge(policy, 't', { response: {} })).toMatchObject({
      rules: ['hidden'],
      obligations: [{ type: 'filter' }],
    })
  })
})

describe('matchers', () => {
  test('are exact or globs, never substrings', async () => {
    const policy = await policyOf(`
rules:
  - { id: exact, match: { tool: data }, effect: deny }
  - { id: glob, match: { tool: "*_secret" }, effect: deny }
`)
    const denied = (tool: string) => judge(policy, tool).effect === 'deny'
    expect(['data', 'my_secret', '_secret'].every(denied)).toBe(true)
    expect(['data2', 'metadata', 'Data', 'secret', 'my_secrets'].some(denied)).toBe(false)
  })

  test('know users and teams only as they were verified', async () => {
    const policy = await policyOf(`
rules:
  - { id: alice, match: { tool: t, user: alice }, effect: deny }
  - { id: core, match: { tool: u, team: [core, "ops-*"] }, effect: deny }
`)
    expect(judge(policy, 't', as({})).effect).toBe('deny')
    expect(judge(policy, 't', as({ id: 'alice' }, { id: 'bob' })).effect).toBe('allow')
    expect(judge(policy, 'u', as({}, { teams: ['x', 'ops-eu'] })).effect).toBe('deny')
    expect(judge(policy, 'u', as({ teams: ['core'] })).effect).toBe('allow')
  })

  test('take a tool that nobody knows for one that changes the world', async () => {
    const policy = await policyOf(`
default: deny
rules:
  - { id: careful, match: { tool: "*", action_class: [write] }, effect: ask, reason: changes }
  - { id: reads, match: { action_class: [read, write] }, effect: allow }
`)
    const effects = (['read', 'write', 'execute', 'unknown'] as const).map(
      (actionClass) => judge(policy, 't', { actionClass }).effect,
    )
    expect(effects).toEqual(['allow', 'ask', 'deny', 'deny'])
    const read = inputOf(request('resources/read', { uri: 'file:///a' }))
    expect(policy.evaluate(read).effect).toBe('deny')
  })
})

describe('a message that cannot be shown', () => {
  const text = 'x'.repeat(1 << 16)
  const rules = `rules: [{ id: d, match: { tool: t }, when: "$a == 'y'", effect: deny }]`

  test('is refused where it is over the limit', async () => {
    const policy = await policyOf(rules)
    const refused = { effect: 'deny', fault: 'input_too_large', engine: 'rules' }
    expect(judge(policy, 't', { args: { a: text } })).toMatchObject(refused)
    expect(judge(policy, 'other', { args: { a: text } })).toMatchObject(refused)
  })

  test('is shown in part where it may be', async () => {
    const policy = await policyOf(rules, { largeInput: { calls: 'project', responses: 'project' } })
    expect(judge(policy, 't', { args: { a: 'y', b: text } })).toMatchObject({ rules: ['d'] })
    const many = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`k${index}`, 0]))
    expect(judge(policy, 't', { args: many })).toMatchObject({ fault: 'input_too_large' })
  })

  test('is refused where it holds half a surrogate pair', async () => {
    const policy = await policyOf(rules)
    const input = inputOf(request('tools/call', { name: 't', arguments: {} }))
    const message = { ...input.call.message, wellFormed: false }
    expect(policy.evaluate({ ...input, call: { ...input.call, message } })).toMatchObject({
      effect: 'deny',
      fault: 'input',
    })
  })

  test('never throws, whatever the document is', async () => {
    const policy = await policyOf(rules)
    const input = inputOf(request('tools/call', { name: 't', arguments: { a: 'z' } }))
    for (const broken of ['', 'null', '[]', '{', '{"tool":', '\ufeff{}']) {
      const document = Buffer.from(broken)
      expect(policy.evaluate({ ...input, document }).effect).toBe('deny')
    }
  })
})

describe('a notification on the stream of a call', async () => {
  const policy = await policyOf(`
rules:
  - { id: hide, match: { tool: emp }, effect: mask_fields, fields: [ssn], on_missing: deny }
  - { id: director, match: { tool: emp, hook: post }, when: "user.role == 'director'", effect: allow }
  - { id: late, match: { tool: emp, hook: post }, when: "response.ok == true", effect: deny }
`)
  const judged = (role: string, tool = 'emp') => {
    const causedBy = { type: 'tool', kind: 'tools/call', name: tool, args: undefined } as const
    const call = { ...request('notifications/message', {}, as({ role })), causedBy }
    const input = inputOf(call, 'post', { response: { data: { ssn: '1' } } })
    return { decision: policy.evaluate(input), isRead: policy.judgesReplies?.(call) }
  }

  test('shows nothing that the result would not show', () => {
    expect(judged('clerk')).toMatchObject({
      decision: { rules: ['hide'], obligations: [{ type: 'mask', onMissing: 'pass' }] },
      isRead: true,
    })
    expect(judged('director').decision).toMatchObject({ rules: ['director'], obligations: [] })
  })

  test('is not read where nobody hides anything', () => {
    expect(judged('clerk', 'other')).toMatchObject({ decision: { rules: [] }, isRead: false })
  })
})

describe('the budget of a decision', () => {
  const limits = { maxInputBytes: 1 << 16, budgetMs: 1 }
  const long = `[${'1,'.repeat(200)}1]`
  const slow = `"${long}.all(a, ${long}.all(b, a + b > $n))"`

  test('is shared by all its conditions, and whoever spends it is an error', async () => {
    const loops = (count: number) =>
      Array.from({ length: count }, (_, index) => {
        const when = `"${long}.all(a, a > $n + ${index})"`
        return `  - { id: r${index}, match: { tool: t }, when: ${when}, effect: deny }`
      })
    const alone = await policyOf(`rules:\n${loops(1).join('\n')}`, { limits })
    expect(judge(alone, 't', { args: { n: -9 } }).rules).toEqual(['r0'])
    const together = await policyOf(`rules:\n${loops(30).join('\n')}`, { limits })
    expect(judge(together, 't', { args: { n: -99 } })).toMatchObject({
      code: 'policy_error',
      fault: 'budget',
    })
  })

  test('is not spent by rules that only leave a record', async () => {
    const policy = await policyOf(
      `
rules:
  - { id: a, match: { tool: t }, when: ${slow}, effect: warn, reason: slow }
  - { id: b, match: { tool: t }, mode: warn, when: ${slow}, effect: deny }
  - { id: c, match: { tool: t }, when: "$n > 5", effect: ask, reason: big }
`,
      { limits },
    )
    expect(judge(policy, 't', { args: { n: 0 } })).toMatchObject({ effect: 'allow' })
    expect(judge(policy, 't', { args: { n: 9 } })).toMatchObject({ effect: 'ask', rules: ['c'] })
  })
})
