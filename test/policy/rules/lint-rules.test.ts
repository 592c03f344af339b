import { describe, expect, test } from 'vitest'
import { rule, warningsOf } from './reading.js'

const twoRules = (first: string, second: string, head = '') =>
  `${head}rules:\n  - {id: a, match: {tool: t}, ${first}}\n  - {id: b, match: {tool: t}, ${second}}\n`

describe('a warning is given of', () => {
  test.each([
    [
      'a condition that never holds',
      rule('when: "1 > 2"\neffect: deny'),
      '3:5: rules.0.when: never holds, whatever the call is',
    ],
    [
      'a condition that always holds',
      rule('when: "1 < 2"\neffect: deny'),
      '3:5: rules.0.when: holds whatever the call is: leave it out',
    ],
    [
      'a client that nobody verifies',
      rule('match: {client: cursor}\neffect: deny'),
      '3:13: rules.0.match.client: never fits, as no client is verified: for what a client says of itself write when: "client.claimed.name == …"',
    ],
    [
      'a tool outside of the scope',
      `scope: {tool: "hr_*"}\n${rule('match: {tool: pay}\neffect: deny')}`,
      '4:13: rules.0.match.tool: never fits: the scope of the file has tool "hr_*" only',
    ],
    [
      'a kind outside of the scope',
      `scope: {kind: tools/call}\n${rule('match: {prompt: p}\neffect: deny')}`,
      '3:5: rules.0: never fits: the scope of the file has kind "tools/call" only',
    ],
    [
      'a kind that no tool has',
      `scope: {tool: t}\n${rule('match: {kind: ping}\neffect: deny')}`,
      '4:13: rules.0.match.kind: never fits: the scope of the file has calls of tools only',
    ],
    [
      'a kind that is not known',
      rule('match: {kind: vendor/do}\neffect: deny'),
      '3:13: rules.0.match.kind: no method that is known here is called "vendor/do"',
    ],
    [
      'an allow where all is allowed',
      rule('effect: allow'),
      '3:5: rules.0.effect: has no effect: an allow outweighs nothing, and calls pass here by default',
    ],
    [
      'an exemption from nothing',
      rule('match: {hook: post}\neffect: allow'),
      '4:5: rules.0.effect: exempts from nothing: no rule of this file filters or masks results',
    ],
    [
      'an allow beside the same denial',
      twoRules('effect: allow', 'effect: deny', 'default: deny\n'),
      '3:5: rules.0: has no effect: b (rules/hr.yaml:4:5) says deny for the same calls',
    ],
    [
      'an approval beside the same denial',
      twoRules('effect: deny, when: "user.a"', 'effect: ask, when: "user.a"'),
      '3:5: rules.1: has no effect: a (rules/hr.yaml:2:5) says deny for the same calls',
    ],
    [
      'a dry run beside the same approval',
      twoRules('effect: dry_run', 'effect: ask'),
      '2:5: rules.0: has no effect: b (rules/hr.yaml:3:5) says ask for the same calls',
    ],
    [
      'an allow beside a warning and a denial',
      `${twoRules('effect: warn', 'effect: allow', 'default: deny\n')}  - {id: c, match: {tool: t}, effect: deny}\n`,
      '4:5: rules.1: has no effect: c (rules/hr.yaml:5:5) says deny for the same calls',
    ],
    ['a file without rules', 'rules: []', '1:1: the file has no rules, so that it says nothing'],
  ])('%s', (_what, text, warning) => {
    expect(warningsOf(text)).toEqual([`rules/hr.yaml:${warning}`])
  })
})

describe('no warning is given of', () => {
  test.each([
    ['an allow in an allow-list', `default: deny\n${rule('effect: allow')}`],
    ['an allow that leaves labels', rule('effect: allow\nlabels: {a: b}')],
    ['any client', rule('match: {client: "*"}\neffect: deny')],
    ['a condition that is the text true', 'policies: {input: [{condition: "true", action: deny}]}'],
    [
      'an exemption from a mask',
      `${rule('match: {hook: post}\nwhen: "user.a"\neffect: allow')}  - {id: m, effect: mask_fields, fields: [a]}\n`,
    ],
    ['a warning beside the same denial', twoRules('effect: warn', 'effect: deny')],
    [
      'a mask beside the same approval',
      twoRules('effect: ask', 'effect: mask_fields, fields: [a]'),
    ],
    ['the same rule on trial', twoRules('effect: ask, mode: warn', 'effect: deny')],
    ['a denial on trial', twoRules('effect: ask', 'effect: deny, mode: warn')],
    ['another condition', twoRules('effect: ask, when: "user.a"', 'effect: deny, when: "user.b"')],
    [
      'a tool within the scope',
      `scope: {tool: "hr_*"}\n${rule('match: {tool: "*_pay"}\neffect: deny')}`,
    ],
    ['a list that stands for nothing but a default', 'default: deny\nrules: []'],
    ['kinds that globs stand for', rule('match: {kind: "notifications/*"}\neffect: audit')],
  ])('%s', (_what, text) => {
    expect(warningsOf(text)).toEqual([])
  })
})

describe('fields that a schema does not have', () => {
  const schema = {
    type: 'object',
    properties: {
      rows: {
        type: 'array',
        items: {
          type: 'object',
          properties: { salary: { type: 'number' }, person: { $ref: '#/$defs/person' } },
        },
      },
      extra: { type: 'object' },
      total: {
        anyOf: [{ type: 'number' }, { type: 'object', properties: { net: { type: 'number' } } }],
      },
    },
    $defs: {
      person: {
        type: 'object',
        properties: { name: { type: 'string' }, boss: { $ref: '#/$defs/person' } },
        additionalProperties: false,
      },
    },
  }
  const closed = { ...schema, properties: { ...schema.properties, extra: { type: 'number' } } }
  const filter = (fields: string, tool = 'pay') =>
    rule(`match: {tool: ${tool}}\neffect: filter_fields\nfields: [${fields}]`)

  test.each([
    'salary',
    'rows.salary',
    'rows[0].person.name',
    'person.boss.boss.name',
    'total.net',
    '**',
    '*',
    'rows.*.person.name',
    'response.structuredContent.rows.salary',
    'response.content[0].text',
  ])('are not %s', (path) => {
    expect(warningsOf(filter(`'${path}'`), { pay: closed })).toEqual([])
  })

  test.each([
    'salery',
    'person.salary',
    'total.gross',
    'person.boss.age',
    'rows.name',
    'response.structuredContent.salary',
    'total[0]',
  ])('are %s, of which a warning is given', (path) => {
    expect(warningsOf(filter(`ssn_of_nobody, '${path}'`), { pay: closed })).toEqual([
      'rules/hr.yaml:5:14: rules.0.fields.0: the output schema of pay has no ssn_of_nobody: the rule hides nothing there',
      `rules/hr.yaml:5:29: rules.0.fields.1: the output schema of pay has no ${path}: the rule hides nothing there`,
    ])
  })

  test('may be in what the schema leaves open', () => {
    expect(warningsOf(filter('salery'), { pay: schema })).toEqual([])
  })

  test('are told of tools that are named exactly', () => {
    expect(warningsOf(filter('salery', '"pay*"'), { pay: closed })).toEqual([])
    expect(warningsOf(filter('salery', 'other'), { pay: closed })).toEqual([])
    const scoped =
      'tool: {name: pay, policies: {output: [{condition: "true", action: filter_fields, fields: [salery]}]}}'
    expect(warningsOf(scoped, { pay: closed })).toHaveLength(1)
  })
})
