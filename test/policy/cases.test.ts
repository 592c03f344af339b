import { describe, expect, test } from 'vitest'
import { readCases } from '../../src/policy/cases.js'
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
      mode: 'enforce',
      hook: undefined,
      user: anonymous,
      server: 'default',
      method: 'tools/call',
      params: '{"name":"t","arguments":{}}',
      response: { type: 'none' },
      tool: {
        outputSchema: undefined,
        annotations: undefined,
        actionClass: undefined,
        dryRunArgument: undefined,
      },
      circumstances: {
        headers: {},
        time: Date.parse('2026-01-01T00:00:00Z'),
        requestIp: '127.0.0.1',
        claimed: undefined,
        sessionId: undefined,
      },
      expect: {
        effect: 'allow',
        would: undefined,
        code: undefined,
        reason: undefined,
        layer: undefined,
        rules: [],
        warnings: [],
        trial: [],
        patchedArgs: undefined,
        lists: [],
        hides: [],
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
    mode: warn
    user: { id: ann@example.org, roles: [hr], teams: [core], department: hr, claims: { level: 3 } }
    server: people
    call: { tool: employee_data, args: { id: 7, deep: [1.5, null, 'x'] } }
    response: { structuredContent: { salary: 100 } }
    tool:
      output_schema: { type: object }
      annotations: { readOnlyHint: true }
      action_class: read
      dry_run_argument: dry
    headers: { X-Purpose: audit }
    request_ip: 192.0.2.44
    client: { name: agent, version: '2' }
    session: d1
    time: 2026-02-03T04:05:06+01:00
    expect:
      effect: allow
      would: deny
      code: policy_deny
      reason: fine
      layer: team
      rules: [clean]
      warnings: careful
      trial: strict
      patched_args: { id: 8 }
      lists: [a]
      hides: b
      result_contains: ['100', { salary: 100 }, [1]]
      result_not_contains: { salary: 7 }
`)
  expect(second).toMatchObject({
    place: 'cases/0.yaml:5',
    mode: 'warn',
    hook: undefined,
    user: {
      id: 'ann@example.org',
      roles: ['hr'],
      teams: ['core'],
      authenticated: true,
      via: 'jwt',
      claims: { department: 'hr', level: 3 },
    },
    server: 'people',
    params: '{"name":"employee_data","arguments":{"id":7,"deep":[1.5,null,"x"]}}',
    response: { type: 'given', text: '{"structuredContent":{"salary":100}}', isError: false },
    tool: {
      outputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
      actionClass: 'read',
      dryRunArgument: 'dry',
    },
    circumstances: {
      headers: { 'x-purpose': 'audit' },
      time: Date.parse('2026-02-03T03:05:06Z'),
      requestIp: '192.0.2.44',
      claimed: { name: 'agent', version: '2' },
      sessionId: 'd1',
    },
    expect: {
      effect: 'allow',
      would: 'deny',
      code: 'policy_deny',
      reason: 'fine',
      layer: 'team',
      rules: ['clean'],
      warnings: ['careful'],
      trial: ['strict'],
      patchedArgs: { id: 8 },
      lists: ['a'],
      hides: ['b'],
      resultContains: ['100', { salary: 100 }, [1]],
      resultNotContains: [{ salary: 7 }],
    },
  })
})

describe('what a tool returns may be written without what MCP wraps around it', () => {
  const returned = (result: string): unknown => {
    const [one] = read(least.replace('    expect:', `    result: ${result}\n    expect:`))
    return one?.response.type === 'given' ? JSON.parse(one.response.text) : one?.response
  }

  test('an object stands in text and as structured content', () => {
    expect(returned('{ a: [1] }')).toEqual({
      content: [{ type: 'text', text: '{"a":[1]}' }],
      structuredContent: { a: [1] },
    })
  })

  test('anything else stands in text', () => {
    expect(returned('[1]')).toEqual({ content: [{ type: 'text', text: '[1]' }] })
    expect(returned('hello')).toEqual({ content: [{ type: 'text', text: 'hello' }] })
  })
})

test.each([
  ['a result is asked for', 'expect: { result_contains: x }', 'live'],
  ['a list is asked for', 'expect: { hides: x }', 'live'],
  ['it says so', 'response: live\n    expect: deny', 'live'],
  ['a refusal is expected', 'expect: { effect: deny, result_not_contains: x }', 'none'],
  ['a dry run is expected', 'expect: { effect: dry_run, result_contains: x }', 'none'],
])('a response is to come from a server where %s', (_, line, type) => {
  const [one] = read(least.replace('expect: { effect: allow }', line))
  expect(one?.response).toEqual({ type })
})

test('an effect may stand for the whole expectation', () => {
  const [one] = read(least.replace('{ effect: allow }', 'deny'))
  expect(one?.expect.effect).toBe('deny')
})

test('a call may be of any method, and its response an error', () => {
  const [one] = read(
    'cases: [{ name: a, call: { method: resources/read, params: { uri: "file:///x" } }, response: { error: { code: 1 } }, expect: { effect: deny } }]',
  )
  expect(one).toMatchObject({
    method: 'resources/read',
    params: '{"uri":"file:///x"}',
    response: { type: 'given', text: '{"code":1}', isError: true },
  })
})

describe('what is not understood is refused with its place', () => {
  const inCase = (line: string) => least.replace('    expect:', `    ${line}\n    expect:`)

  test.each<[string, string, string]>([
    ['a file that is empty', '', 'cases/0.yaml:1:1: the file is empty: write cases, or remove it'],
    ['a list', '[]', 'cases/0.yaml:1:1: write a mapping, not a list'],
    ['no cases', 'cases: []', 'cases/0.yaml:1:1: cases: '],
    ['another version', `version: 2\n${least}`, 'cases/0.yaml:1:1: version: '],
    ['an unknown key', `${least}rules: []\n`, 'cases/0.yaml:5:1: rules: there is no such key'],
    [
      'an unknown key of a case',
      inCase('cal: {}'),
      'cases/0.yaml:4:5: cases.0.cal: there is no such key here; did you mean call?',
    ],
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
      'only a refusal has a code',
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
    [
      'a result beside a response',
      inCase('result: 1\n    response: {}'),
      'cases/0.yaml:4:5: cases.0.result: "result" and "response" are the same',
    ],
    [
      'a result of a method',
      inCase('result: 1').replace('tool: t', 'method: ping'),
      'cases.0.result: "result" is what a tool returns',
    ],
    [
      'a refusal where nothing is refused',
      inCase('mode: audit-only').replace('allow', 'deny'),
      'cases.0.expect.effect: nothing is refused in this mode: write "would"',
    ],
    [
      'a case that could not fail, as nothing is refused',
      inCase('mode: warn'),
      'cases.0.expect.effect: nothing is refused in this mode: write "would"',
    ],
    [
      'an address that is none',
      inCase('request_ip: here'),
      'cases/0.yaml:4:5: cases.0.request_ip: write an IP address',
    ],
    [
      'nothing to look for',
      least.replace('allow', "allow, result_contains: ''"),
      'cases.0.expect.result_contains.0: write what to look for',
    ],
    [
      'a mapping of nothing to look for',
      least.replace('allow', 'allow, result_contains: {}'),
      'cases.0.expect.result_contains.0: name a member',
    ],
    [
      'an unknown layer',
      least.replace('allow', 'allow, layer: region'),
      'cases/0.yaml:4:30: cases.0.expect.layer: ',
    ],
    ['a time of day', inCase('time: 12:00'), 'cases/0.yaml:4:5: cases.0.time: write it as'],
    [
      'a header that is a number',
      inCase('headers: { a: 1 }'),
      'cases/0.yaml:4:16: cases.0.headers.a: ',
    ],
    ['a key twice', `${least}cases: []\n`, 'cases/0.yaml:5:1: the key stands twice'],
    ['no YAML', 'cases: [', 'cases/0.yaml:1:9: is no YAML: check the indentation'],
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
      'the aliases (*name) stand for too much',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toMatch(/^check: cases\/0\.yaml/)
    expect(refusal(text)).toContain(message)
  })

  test('all of it at once', () => {
    const lines = refusal(inCase('cal: {}\n    tim: now'), 'cases: [').split('\n')
    expect(lines.map((line) => /cases\/\d\.yaml:\d+:\d+/.exec(line)?.[0])).toEqual([
      'cases/0.yaml:4:5',
      'cases/0.yaml:5:5',
      'cases/1.yaml:1:9',
    ])
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
    expect(() => readCases(files)).toThrow('cases/a.yaml:1:1: the file is not UTF-8')
  })
})
