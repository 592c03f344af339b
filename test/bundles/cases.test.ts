import { describe, expect, test } from 'vitest'
import { readCases } from '../../src/bundles/cases.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import type { PolicyCase } from '../../src/domain/policy-case.js'
import { anonymous } from '../../src/domain/principal.js'

const read = (...texts: string[]): readonly PolicyCase[] =>
  readCases(texts.map((text, at) => ({ name: `cases/${at}.yaml`, text: Buffer.from(text) })))

function refusal(...texts: string[]): string {
  try {
    read(...texts)
  } catch (thrown) {
    if (thrown instanceof PolicySupplyError) return `${thrown.fault}: ${thrown.message}`
    throw thrown
  }
  throw new Error('not refused')
}

const least = 'cases:\n  - name: a\n    call: { tool: t }\n    expect: { effect: allow }\n'

test('a case of the fewest words is a call of nobody before it is forwarded', () => {
  expect(read(least)).toEqual([
    {
      name: 'a',
      place: 'cases/0.yaml:2',
      hook: 'pre',
      user: anonymous,
      server: 'default',
      method: 'tools/call',
      params: '{"name":"t","arguments":{}}',
      response: undefined,
      headers: {},
      time: Date.parse('2026-01-01T00:00:00Z'),
      expect: {
        effect: 'allow',
        code: undefined,
        reason: undefined,
        rules: undefined,
        patchedArgs: undefined,
        resultContains: [],
        resultNotContains: [],
      },
    },
  ])
})

test('a case of all words says who calls, what comes back and what is expected', () => {
  const [, second] = read(`
version: 1
cases:
  - { name: a, call: { tool: t }, expect: { effect: deny, code: rate_limited } }
  - name: b
    user: { id: ann@example.org, roles: [hr], teams: [core], department: hr, claims: { level: 3 } }
    server: people
    call: { tool: employee_data, args: { id: 7, deep: [1.5, null, 'x'] } }
    response: { structuredContent: { salary: 100 } }
    headers: { X-Purpose: audit }
    time: 2026-02-03T04:05:06+01:00
    expect:
      effect: allow
      reason: fine
      rules: [clean]
      patched_args: { id: 8 }
      result_contains: '100'
      result_not_contains: [ssn, secret]
`)
  expect(second).toMatchObject({
    place: 'cases/0.yaml:5',
    hook: 'post',
    user: {
      id: 'ann@example.org',
      roles: ['hr'],
      teams: ['core'],
      authenticated: true,
      claims: { department: 'hr', level: 3 },
    },
    server: 'people',
    params: '{"name":"employee_data","arguments":{"id":7,"deep":[1.5,null,"x"]}}',
    response: { text: '{"structuredContent":{"salary":100}}', isError: false },
    headers: { 'x-purpose': 'audit' },
    time: Date.parse('2026-02-03T03:05:06Z'),
    expect: {
      effect: 'allow',
      reason: 'fine',
      rules: ['clean'],
      patchedArgs: { id: 8 },
      resultContains: ['100'],
      resultNotContains: ['ssn', 'secret'],
    },
  })
})

test('a call may be of any method, and its response an error', () => {
  const [one] = read(
    'cases: [{ name: a, call: { method: resources/read, params: { uri: "file:///x" } }, response: { error: { code: 1 } }, expect: { effect: deny } }]',
  )
  expect(one).toMatchObject({
    method: 'resources/read',
    params: '{"uri":"file:///x"}',
    response: { text: '{"code":1}', isError: true },
  })
})

describe('what is not understood is refused with its place', () => {
  const inCase = (line: string) => least.replace('    expect:', `    ${line}\n    expect:`)

  test.each<[string, string, string]>([
    ['a file that is empty', '', 'cases/0.yaml:1:1: the file: Invalid input'],
    ['a list', '[]', 'cases/0.yaml:1:1: the file: Invalid input'],
    ['no cases', 'cases: []', 'cases/0.yaml:1:1: cases: '],
    ['another version', `version: 2\n${least}`, 'cases/0.yaml:1:1: version: '],
    ['an unknown key', `${least}rules: []\n`, 'cases/0.yaml:5:1: rules: there is no such key'],
    ['an unknown key of a case', inCase('cal: {}'), 'cases/0.yaml:4:5: cases.0.cal: there is no'],
    [
      'an unknown key of a call',
      least.replace('tool: t', 'tool: t, arg: {}'),
      'cases/0.yaml:3:22: cases.0.call.arg: there is no',
    ],
    ['an unknown expectation', least.replace('effect: allow', 'efect: allow'), 'cases/0.yaml:4:1'],
    [
      'an unknown effect',
      least.replace('allow', 'pass'),
      'cases/0.yaml:4:15: cases.0.expect.effect: ',
    ],
    [
      'a code of an allow',
      least.replace('allow', 'allow, code: policy_deny'),
      'only a denial has a code',
    ],
    [
      'neither tool nor method',
      least.replace('tool: t', ''),
      'cases/0.yaml:3:5: cases.0.call: name either',
    ],
    [
      'both tool and method',
      least.replace('tool: t', 'tool: t, method: ping'),
      'name either a tool or a method',
    ],
    [
      'params of a tool',
      least.replace('tool: t', 'tool: t, params: {}'),
      'cases/0.yaml:3:22: cases.0.call.params: "params" are',
    ],
    [
      'args of a method',
      least.replace('tool: t', 'method: ping, args: {}'),
      '"args" are those of a tool',
    ],
    [
      'args that are a list',
      least.replace('tool: t', 'tool: t, args: []'),
      'cases/0.yaml:3:22: cases.0.call.args: ',
    ],
    ['a user without an id', inCase('user: { roles: [a] }'), 'cases/0.yaml:4:5: cases.0.user.id: '],
    ['a user who says how', inCase('user: { id: a, via: jwt }'), 'leave out "authenticated"'],
    ['post without a response', inCase('hook: post'), 'cases/0.yaml:4:5: cases.0.hook: at post'],
    [
      'pre with a response',
      inCase('hook: pre\n    response: {}'),
      'cases/0.yaml:5:5: cases.0.response: at pre',
    ],
    ['a time of day', inCase('time: 12:00'), 'cases/0.yaml:4:5: cases.0.time: write it as'],
    [
      'a header that is a number',
      inCase('headers: { a: 1 }'),
      'cases/0.yaml:4:16: cases.0.headers.a: ',
    ],
    ['a key twice', `${least}cases: []\n`, 'cases/0.yaml:5:1: a key stands twice'],
    ['no YAML', 'cases: [', 'cases/0.yaml:1:9: no YAML: '],
    [
      'an inexact number',
      least.replace('tool: t', 'tool: t, args: { n: 9007199254740993 }'),
      'cases/0.yaml:3:33: a number of this size',
    ],
    [
      'a name twice',
      `${least}${least.replace('cases:\n', '')}`,
      'cases/0.yaml:5: the name "a" is taken by cases/0.yaml:2',
    ],
    [
      'too many aliases',
      `a: &a [x, x]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${'*a,'.repeat(30).replaceAll('*a', i === 0 ? '*a' : `*b${i - 1}`)}]`).join('\n')}`,
      'TOO_MANY_ALIASES',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toMatch(/^check: cases\/0\.yaml/)
    expect(refusal(text)).toContain(message)
  })

  test('in whichever file it stands', () => {
    expect(refusal(least, least)).toContain(
      'cases/1.yaml:2: the name "a" is taken by cases/0.yaml:2',
    )
  })

  test('also a file that is too large', () => {
    expect(refusal(' '.repeat(1024 * 1024 + 1))).toContain('over the limit of 1048576: split it')
  })

  test('also bytes that are no text', () => {
    const files = [{ name: 'cases/a.yaml', text: Buffer.from([0xff, 0xfe]) }]
    expect(() => readCases(files)).toThrow('cases/a.yaml: the file is not UTF-8')
  })
})
