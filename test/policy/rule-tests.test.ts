import { describe, expect, test } from 'vitest'
import { PolicySupplyError } from '../../src/domain/errors.js'
import type { PolicyCase } from '../../src/domain/policy-case.js'
import { anonymous } from '../../src/domain/principal.js'
import { readRuleTests } from '../../src/policy/rule-tests.js'
import { readRules } from '../../src/policy/rules/read-rules.js'

const read = (...texts: string[]): readonly PolicyCase[] =>
  readRuleTests(texts.map((text, at) => ({ name: `rules/${at}.yaml`, text: Buffer.from(text) })))

/** As everybody reads them: behind the rules, which tell what is wrong with the file. */
function refusal(text: string): string {
  try {
    readRules([{ name: 'rules/0.yaml', text: Buffer.from(text) }], [])
    read(text)
  } catch (thrown) {
    if (thrown instanceof PolicySupplyError) return `${thrown.fault}: ${thrown.message}`
    throw thrown
  }
  throw new Error('not refused')
}

const seed = `
tool:
  name: employee_data
  policies:
    input: []
tests:
  - name: "admin_full_access"
    user_context:
      role: admin
      permissions: ["read:all"]
    result_contains:
      salary: 75000
  - name: "user_filtered"
    user_context:
      role: user
    result_not_contains: ["salary", "ssn"]
`

test('the tests of a tool, as its authors know them, are calls of that tool', () => {
  expect(read(seed)).toMatchObject([
    {
      name: 'admin_full_access',
      place: 'rules/0.yaml:7',
      mode: 'enforce',
      user: {
        id: 'local',
        roles: [],
        teams: [],
        authenticated: true,
        via: 'trusted-headers',
        claims: { role: 'admin', permissions: ['read:all'] },
      },
      params: '{"name":"employee_data","arguments":{}}',
      response: { type: 'live' },
      expect: { effect: 'allow', resultContains: [{ salary: 75000 }], resultNotContains: [] },
    },
    {
      name: 'user_filtered',
      place: 'rules/0.yaml:13',
      response: { type: 'live' },
      expect: { effect: 'allow', resultContains: [], resultNotContains: ['salary', 'ssn'] },
    },
  ])
})

test('they may stand in the tool, and say arguments, results and refusals', () => {
  const [one, two] = read(`
tool:
  name: t
  tests:
    - name: a
      arguments: { id: 1 }
      result: { salary: 7 }
      expect: { rules: [clean], result_contains: x }
      result_contains: y
    - name: b
      user_context: { id: ann@example.org, roles: [hr], claims: { level: 3 } }
      args: { id: 2 }
      expect: deny
`)
  expect(one).toMatchObject({
    user: anonymous,
    params: '{"name":"t","arguments":{"id":1}}',
    response: { type: 'given', isError: false },
    expect: { rules: ['clean'], resultContains: ['x', 'y'] },
  })
  expect(two).toMatchObject({
    user: { id: 'ann@example.org', roles: ['hr'], claims: { level: 3 } },
    params: '{"name":"t","arguments":{"id":2}}',
    response: { type: 'none' },
    expect: { effect: 'deny' },
  })
})

test('the scope of a file names the tool too, and a test may name it itself', () => {
  const [one, two] = read(
    'scope: { tool: t }\ntests: [{ name: a, expect: deny }, { name: b, tool: other, expect: deny }]',
  )
  expect([one?.params, two?.params]).toEqual([
    '{"name":"t","arguments":{}}',
    '{"name":"other","arguments":{}}',
  ])
})

test('files without tests have none, whatever else stands in them', () => {
  expect(read('version: 1\nrules: [{ id: a }]\n', 'scope: { server: hr }')).toEqual([])
})

test('a file that cannot be read has none, so that its rules tell what is wrong', () => {
  expect(read('tests: [', 'scope: hr\ntests: []', 'tests: [{ nam: a }]')).toEqual([])
})

test('a key that is spelled with an escape is the same key', () => {
  expect(read('tool: { name: t }\n"te\\x73ts": [{ name: a, expect: deny }]\n')).toHaveLength(1)
})

test('they stand in large files too', () => {
  const rules = '  - { id: a, effect: audit, reason: x }\n'.repeat(30_000)
  expect(
    read(`tool: { name: t }\ntests: [{ name: a, expect: deny }]\nrules:\n${rules}`),
  ).toHaveLength(1)
})

test('two files may have tests of one name', () => {
  expect(read(seed, seed)).toHaveLength(4)
})

describe('what is not understood is refused with its place', () => {
  const withTest = (line: string): string => `tool: { name: t }\ntests:\n  - name: a\n    ${line}\n`

  test.each<[string, string, string]>([
    [
      'an unknown key',
      withTest('usercontext: {}'),
      '4:5: tests.0.usercontext: there is no such key',
    ],
    ['no name', 'tool: { name: t }\ntests: [{}]', '2:9: tests.0.name: '],
    [
      'a test in a tool',
      'tool: { name: t, tests: [{ name: a, x: 1 }] }',
      '1:37: tool.tests.0.x: there is no such key',
    ],
    [
      'arguments twice',
      withTest('arguments: {}\n    args: {}'),
      '5:5: tests.0.args: "arguments" and "args" are the same',
    ],
    [
      'a context that says how',
      withTest('user_context: { via: jwt }'),
      'leave out "authenticated"',
    ],
    [
      'a tool that nobody names',
      'tests: [{ name: a, expect: deny }]',
      '1:9: tests.0: say with "tool" which tool is called',
    ],
    [
      'a scope of many tools',
      'scope: { tool: "get_*" }\ntests: [{ name: a }]',
      '2:9: tests.0: say with "tool" which tool is called',
    ],
    [
      'a name twice',
      'tool: { name: t }\ntests:\n  - { name: a }\n  - { name: a }\n',
      '4: the name "a" is taken by rules/0.yaml:3',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toMatch(/^check: rules\/0\.yaml/)
    expect(refusal(text)).toContain(message)
  })
})
