import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faultsOf, read, rulesOf, warningsOf } from './reading.js'

const idsOf = (text: string, name = 'rules/hr.yaml') =>
  rulesOf({ [name]: text }).map(({ id }) => id)

const short = (entries: readonly string[], hook = 'input') =>
  `tool:\n  name: pay\n  policies:\n    ${hook}:\n${entries.map((entry) => `      - {${entry}}\n`).join('')}`

describe('the short form', () => {
  test('says of the call and of its result what rules say', () => {
    const text = `
tool:
  name: employee_data
  policies:
    input:
      - condition: "user.department != 'hr'"
        action: deny
        reason: "HR department only"
    output:
      - condition: "user.role != 'manager'"
        action: filter_fields
        fields: ["salary", "bonus"]
`
    expect(read(text).rules.files).toMatchObject([
      {
        layer: 'tool',
        scope: { tool: 'employee_data' },
        rules: [
          {
            id: 'employee_data.input.hr-department-only',
            place: 'rules/hr.yaml:6:9',
            hook: 'pre',
            match: { kind: ['tools/call'] },
            when: "user.department != 'hr'",
            action: { effect: 'deny', code: 'policy_deny' },
          },
          {
            id: 'employee_data.output.filter-fields-salary-bonus',
            hook: 'post',
            match: { kind: ['tools/call'] },
            action: { effect: 'filter_fields', onUnreadable: 'deny' },
          },
        ],
      },
    ])
  })

  test('may stand at the top of a file, for every tool of its scope', () => {
    const text = 'scope: {server: hr}\npolicies: {input: [{condition: "true", action: audit}]}'
    expect(read(text).rules.files).toMatchObject([
      { layer: 'server', rules: [{ id: 'hr.input.audit', match: { kind: ['tools/call'] } }] },
    ])
  })

  test('takes a mode, labels, a remedy and an id of its own', () => {
    const [rule] = rulesOf(
      short(['condition: "true", action: deny, id: own, mode: warn, remedy: r, labels: {a: b}']),
    )
    expect(rule).toMatchObject({ id: 'own', mode: 'warn', labels: { a: 'b' } })
  })
})

describe('generated ids', () => {
  test.each([
    ['from the reason', 'condition: "true", action: deny, reason: "Not you!"', 'pay.input.not-you'],
    [
      'from a reason with accents',
      'condition: "true", action: deny, reason: Größe über',
      'pay.input.gro-e-uber',
    ],
    [
      'from effect and fields where the reason has no letters',
      'condition: "true", action: deny, reason: 禁止',
      'pay.input.deny',
    ],
    [
      'from effect and fields',
      'condition: "true", action: filter_fields, fields: [a.b, c]',
      'pay.input.filter-fields-a-b-c',
    ],
    [
      'cut between words',
      `condition: "true", action: deny, reason: ${'word '.repeat(20)}`,
      'pay.input.word-word-word-word-word-word-word-word-word',
    ],
  ])('are made %s', (_how, entry, id) => {
    expect(idsOf(short([entry]))).toEqual([id])
  })

  test('begin with the name of the file where there is no tool', () => {
    const text = 'policies: {input: [{condition: "true", action: audit}]}'
    expect(idsOf(text, 'rules/egress.yml')).toEqual(['egress.input.audit'])
    expect(idsOf(text, 'rules.yaml')).toEqual(['rules.input.audit'])
  })

  const twins = [
    'condition: "user.a == 1", action: deny, reason: no',
    'condition: "user.a == 2", action: deny, reason: no',
    'condition: "user.a == 3", action: deny, reason: never',
  ]

  test('that would be equal end in a hash of the condition', () => {
    expect(idsOf(short(twins))).toEqual([
      'pay.input.never',
      expect.stringMatching(/^pay\.input\.no-[0-9a-f]{8}$/),
      expect.stringMatching(/^pay\.input\.no-[0-9a-f]{8}$/),
    ])
  })

  test('do not depend on the order', () => {
    expect(idsOf(short(twins.toReversed()))).toEqual(idsOf(short(twins)))
  })

  test('differ where only the fields do', () => {
    const same = 'condition: "true", reason: no'
    const ids = idsOf(
      short(
        [
          `${same}, action: filter_fields, fields: [a]`,
          `${same}, action: mask_fields, fields: [b]`,
        ],
        'output',
      ),
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('give way to the ids of authors', () => {
    const ids = idsOf(
      short([
        'condition: "true", action: deny, reason: x',
        'condition: "false || user.a", action: deny, id: pay.input.x',
      ]),
    )
    expect(ids).toContain('pay.input.x')
    expect(new Set(ids).size).toBe(2)
  })

  test('differ from file to file of one tool', () => {
    const text = short(twins.slice(0, 1))
    const ids = rulesOf({ 'rules/a.yaml': text, 'rules/b.yaml': text }).map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
  })

  test('of one rule that stands twice are a fault', () => {
    const twice = [twins[0] ?? '', twins[0] ?? '']
    expect(faultsOf(short(twice))).toEqual([
      'rules/hr.yaml:6:9: the same rule stands in rules/hr.yaml:5:9: remove one',
    ])
  })
})

const examples = readFileSync(new URL('tool-policies.txt', import.meta.url), 'utf8')

describe('a policy in the form that tools have elsewhere', () => {
  const snippets = examples.split(/^---\n/m)

  test.each(snippets)('is read as it stands: %s', (snippet) => {
    expect(warningsOf(wrapped(snippet))).toEqual([])
  })
})

/** A bare list of rules belongs under the hook that its actions are for; a bare condition into a rule. */
function wrapped(snippet: string): string {
  if (/^(?:policies|tool|tests):/m.test(snippet)) return snippet
  const entries = /^- /m.test(snippet)
    ? snippet
    : snippet.replace(/^condition: (.*)$/gm, '- condition: $1\n  action: deny')
  const hook = /fields/.test(snippet) ? 'output' : 'input'
  return `policies:\n  ${hook}:\n${entries.replace(/^/gm, '    ')}`
}
