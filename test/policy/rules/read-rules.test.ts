import { describe, expect, test } from 'vitest'
import { read, rule, ruleOf, rulesOf, type Texts } from './reading.js'

describe('a rule', () => {
  test('is read with every member', () => {
    const text = `
version: 1
scope: { server: hr, tool: employee_data }
default: deny
rules:
  - id: hr-only
    match: { kind: tools/call, client: "*", server: hr, tool: ["employee_*", "staff"] }
    when: "user.department != 'hr'"
    effect: deny
    reason: HR department only
    code: rate_limited
    retry_after: 30
    remedy: ask HR
    labels: { area: hr, level: 3, strict: true }
`
    const [file] = read(text).rules.files
    expect(file).toEqual({
      name: 'rules/hr.yaml',
      layer: 'tool',
      scope: { server: 'hr', tool: 'employee_data' },
      default: 'deny',
      mode: 'enforce',
      rules: [
        {
          id: 'hr-only',
          place: 'rules/hr.yaml:6:5',
          hook: 'pre',
          match: {
            kind: ['tools/call'],
            client: ['*'],
            server: ['hr'],
            tool: ['employee_*', 'staff'],
          },
          when: "user.department != 'hr'",
          mode: 'enforce',
          reason: 'HR department only',
          labels: { area: 'hr', level: 3, strict: true },
          action: { effect: 'deny', code: 'rate_limited', remedy: 'ask HR', retryAfterSec: 30 },
        },
      ],
    })
  })

  test('is plain data that can be sent to another thread', () => {
    const { rules } = read(rule('effect: mask_fields\nfields: [salary]\nmask: {style: email}'))
    expect(structuredClone(rules)).toEqual(rules)
  })

  test.each([
    ['allow', 'effect: allow', { effect: 'allow' }],
    ['audit', 'effect: audit', { effect: 'audit' }],
    ['warn', 'effect: warn', { effect: 'warn' }],
    ['dry_run', 'effect: dry_run', { effect: 'dry_run' }],
    [
      'deny',
      'effect: deny',
      { effect: 'deny', code: 'policy_deny', remedy: '', retryAfterSec: undefined },
    ],
    [
      'ask',
      'effect: ask\nremedy: wait\nask: {by: [lead]}',
      { effect: 'ask', remedy: 'wait', terms: { by: ['lead'] } },
    ],
    [
      'filter_sensitive',
      'effect: filter_sensitive\non_missing: deny',
      { effect: 'filter_sensitive', onUnreadable: 'deny', onMissing: 'deny' },
    ],
    [
      'filter_fields',
      'effect: filter_fields\nfields: [ssn, response.a]\non_unreadable: remove',
      {
        effect: 'filter_fields',
        paths: [
          { source: 'ssn', root: undefined, steps: [{ type: 'key', name: 'ssn' }] },
          { source: 'response.a', root: 'response', steps: [{ type: 'key', name: 'a' }] },
        ],
        onUnreadable: 'remove',
        onMissing: 'pass',
      },
    ],
    [
      'patch',
      'match: {tool: t}\neffect: patch\npatch: {args: {limit: 10}}',
      { effect: 'patch', patches: [{ type: 'merge', root: 'args', value: { limit: 10 } }] },
    ],
    [
      'patch of operations',
      'effect: patch\npatch: [{op: remove, path: /response/isError}]',
      {
        effect: 'patch',
        patches: [
          { type: 'operations', operations: [{ op: 'remove', path: '/response/isError' }] },
        ],
      },
    ],
  ])('with the effect %s does what it says', (_effect, members, action) => {
    expect(ruleOf(rule(members)).action).toEqual(action)
  })

  test('with the effect replace has what is replaced, and by what', () => {
    const { action } = ruleOf(
      rule(String.raw`effect: replace
replace: [{path: response.**, pattern: '\u001B\[[0-9;]*m', with: ''}]`),
    )
    expect(action).toMatchObject({
      replaces: [{ path: { root: 'response' }, pattern: String.raw`\u001B\[[0-9;]*m`, with: '' }],
    })
  })

  test.each([
    ['nothing', '', { type: 'text', text: '****' }],
    ['a text', "\nmask: '#'", { type: 'text', text: '#' }],
    ['a style', '\nmask: {style: partial, keep: 2}', { type: 'partial', keep: 2 }],
    ['a salt', '\nmask: {style: hash, salt: s}', { type: 'hash', salt: 's' }],
    ['a full mask', '\nmask: {style: full, text: x}', { type: 'text', text: 'x' }],
    ['types', '\nmask: {style: preserve_type}', { type: 'preserve_type' }],
  ])('masks with %s', (_what, mask, style) => {
    const { action } = ruleOf(rule(`effect: mask_fields\nfields: [a]${mask}`))
    expect(action).toMatchObject({ style })
  })
})

describe('the hook of a rule', () => {
  test.each([
    ['what its match says', 'match: {hook: post}\neffect: deny', 'post'],
    ['pre for a denial', 'effect: deny', 'pre'],
    [
      'post where its condition reads the response',
      'when: "has(response.error)"\neffect: deny',
      'post',
    ],
    ['post for a filter', 'effect: filter_fields\nfields: [a]', 'post'],
    ['post for a mask', 'effect: mask_fields\nfields: [a]', 'post'],
    ['post for what is sensitive', 'effect: filter_sensitive', 'post'],
    [
      'pre for a replacement in arguments',
      'effect: replace\nreplace: [{path: args.q, pattern: a, with: b}]',
      'pre',
    ],
    [
      'post for a replacement elsewhere',
      'effect: replace\nreplace: [{path: text, pattern: a, with: b}]',
      'post',
    ],
    [
      'pre for a patch of arguments',
      'match: {tool: t}\neffect: patch\npatch: {args: {a: 1}}',
      'pre',
    ],
    ['post for a patch of the response', 'effect: patch\npatch: {response: {a: 1}}', 'post'],
    [
      'pre for a filter of arguments that says so',
      'match: {hook: pre}\neffect: filter_fields\nfields: [a]',
      'pre',
    ],
  ])('is %s', (_what, members, hook) => {
    expect(ruleOf(rule(members)).hook).toBe(hook)
  })
})

describe('the kinds of a rule', () => {
  const all = [
    'tools/call',
    'resources/read',
    'resources/subscribe',
    'prompts/get',
    'completion/complete',
  ]
  const resources = ['resources/read', 'resources/subscribe']
  test.each([
    [
      'those that it names',
      'match: {kind: [ping, "resources/*"]}\neffect: deny',
      ['ping', 'resources/*'],
    ],
    ['calls of tools where it names one', 'match: {tool: t}\neffect: deny', ['tools/call']],
    [
      'calls of tools where it names an action',
      'match: {action_class: write}\neffect: deny',
      ['tools/call'],
    ],
    ['calls of tools where $name appears', 'when: "$a > 1"\neffect: deny', ['tools/call']],
    ['calls of tools where args appear', 'when: "size(args) > 1"\neffect: deny', ['tools/call']],
    [
      'calls of tools where it reads the tool',
      `when: "tool.name == 'a'"\neffect: deny`,
      ['tools/call'],
    ],
    [
      'calls of tools where it changes arguments',
      'match: {hook: pre}\neffect: filter_fields\nfields: [a]',
      ['tools/call'],
    ],
    [
      'those of resources where it names one',
      'match: {resource: "file:///*"}\neffect: deny',
      resources,
    ],
    [
      'those of resources where it reads one',
      `when: "resource.uri == 'a:b'"\neffect: deny`,
      resources,
    ],
    ['prompts where it names one', 'match: {prompt: p}\neffect: deny', ['prompts/get']],
    ['all calls otherwise', `when: "user.role == 'a'"\neffect: deny`, all],
  ])('are %s', (_what, members, kinds) => {
    expect(ruleOf(rule(members)).match.kind).toEqual(kinds)
  })
})

describe('a file', () => {
  test.each([
    ['scope: {tool: t, server: s}', 'tool'],
    ['scope: {server: s, team: x}', 'server'],
    ['scope: {team: x}', 'team'],
    ['scope: {user: "*@org"}', 'team'],
    ['scope: {kind: tools/call}', 'organisation'],
    ['default: allow', 'organisation'],
    ['tool: {name: t}', 'tool'],
  ])('with %s is of the layer %s', (head, layer) => {
    expect(read(`${head}\n${rule('effect: audit')}`).rules.files).toMatchObject([{ layer }])
  })

  test.each([
    ['enforce', 'enforce', 'enforce'],
    ['enforce', 'warn', 'warn'],
    ['warn', 'enforce', 'warn'],
    ['warn', 'audit-only', 'audit-only'],
    ['audit-only', 'warn', 'audit-only'],
  ])('in mode %s makes a rule in mode %s one in mode %s', (file, own, mode) => {
    expect(ruleOf(`mode: ${file}\n${rule(`effect: deny\nmode: ${own}`)}`).mode).toBe(mode)
  })

  test('may be JSON', () => {
    expect(rulesOf('{"rules": [{"id": "a", "effect": "deny"}]}')).toMatchObject([{ id: 'a' }])
  })

  test('may use aliases', () => {
    const text = `
rules:
  - {id: a, effect: filter_fields, fields: &pii [ssn, iban]}
  - {id: b, effect: mask_fields, fields: *pii}
`
    expect(rulesOf(text).map(({ action }) => 'paths' in action && action.paths.length)).toEqual([
      2, 2,
    ])
  })

  test('may have tests and nothing else', () => {
    const text = 'tests: [{name: n, tool: t, user_context: {role: admin}, result_contains: {a: 1}}]'
    expect(read(text)).toMatchObject({ rules: { files: [{ rules: [] }] }, warnings: [] })
  })
})

describe('a set', () => {
  const files: Readonly<Record<string, string>> = {
    'rules/tool.yaml': `scope: {tool: t}\n${rule('effect: audit').replace('id: r', 'id: a')}`,
    'rules/server.yaml': `scope: {server: s}\n${rule('effect: audit').replace('id: r', 'id: b')}`,
    'rules/b.yaml': rule('effect: audit').replace('id: r', 'id: c'),
    'rules/a.yaml': 'rules: [{id: z, effect: audit}, {id: e, effect: audit}]',
  }

  test('is ordered by layer, then by name, then by id', () => {
    const { rules } = read(files)
    expect(rules.files.map(({ name }) => name)).toEqual([
      'rules/a.yaml',
      'rules/b.yaml',
      'rules/server.yaml',
      'rules/tool.yaml',
    ])
    expect(rules.files[0]?.rules.map(({ id }) => id)).toEqual(['e', 'z'])
  })

  test('is the same whatever the order of its files', () => {
    const shuffled: Texts = Object.fromEntries(Object.entries(files).toReversed())
    expect(read(shuffled)).toEqual(read(files))
  })

  test('has what the schemas of its tools mark as sensitive', () => {
    const schema = { type: 'object', properties: { ssn: { type: 'string', sensitive: true } } }
    const { rules } = read(files, { t: schema, plain: { type: 'object', properties: {} } })
    expect([...rules.sensitive.keys()]).toEqual(['t', 'plain'])
    expect(rules.sensitive.get('t')).toHaveLength(1)
    expect(rules.sensitive.get('plain')).toEqual([])
  })
})
