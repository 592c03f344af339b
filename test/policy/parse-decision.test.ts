import { describe, expect, test } from 'vitest'
import type { Hook } from '../../src/domain/decision.js'
import { parseDecision, parseNames } from '../../src/policy/parse-decision.js'
import { createObligationParser } from '../../src/policy/parse-obligations.js'
import { createPatterns } from '../../src/policy/patterns.js'

type DecidingHook = Exclude<Hook, 'list'>

const obligations = createObligationParser(createPatterns())

function parse(value: unknown, hook: DecidingHook = 'pre', kind = 'tools/call') {
  return parseDecision(value, { hook, kind, revision: 'r1', obligations })
}

function expectFault(
  value: unknown,
  says: string,
  hook: DecidingHook = 'pre',
  kind = 'tools/call',
) {
  expect(parse(value, hook, kind)).toMatchObject({
    effect: 'deny',
    code: 'policy_error',
    fault: 'invalid_result',
    reason: expect.stringContaining(says) as string,
  })
}

const allowing = (members: object) => ({ allow: true, ...members })

describe('the forms of a result', () => {
  test.each([
    [true, 'allow'],
    [false, 'deny'],
    [{ allow: true }, 'allow'],
    [{ allow: false }, 'deny'],
    [{ effect: 'allow' }, 'allow'],
    [{ effect: 'dry_run' }, 'dry_run'],
    [{ effect: 'ask' }, 'ask'],
    [{ effect: 'deny' }, 'deny'],
    [[], 'allow'],
    [['no'], 'deny'],
  ])('%j is %s', (value, effect) => {
    expect(parse(value)).toMatchObject({ effect, engine: 'rego', revision: 'r1' })
  })

  test.each([null, 0, 1, '', 'allow', {}, { reason: 'x' }])('%j is a policy error', (value) => {
    expectFault(value, 'policy_error: invalid_result')
  })

  test('undefined is a policy error of its own', () => {
    expect(parse(undefined)).toMatchObject({ code: 'policy_error', fault: 'undefined' })
  })

  test.each([
    [{ allow: true, effect: 'allow' }, 'both allow and effect'],
    [{ allow: 'true' }, 'allow'],
    [{ allow: 1 }, 'allow'],
    [{ allow: null }, 'allow'],
    [{ effect: 'audit' }, 'effect'],
    [{ effect: 'Allow' }, 'effect'],
    [{ allow: true, patches: [] }, '"patches"'],
    [{ allow: true, Reason: 'x' }, '"Reason"'],
    [JSON.parse('{"allow":true,"__proto__":{}}'), '"__proto__"'],
    [{ allow: false, reason: 5 }, 'reason'],
    [{ allow: false, reason: null }, 'reason'],
    [{ allow: false, code: 'teapot' }, 'code'],
    [{ allow: false, code: 'policy_error' }, 'code'],
    [{ allow: false, rule: ['x'] }, 'rule'],
    [{ allow: false, remedy: {} }, 'remedy'],
    [{ allow: false, retry_after: -1 }, 'retry_after'],
    [{ allow: false, retry_after: '5' }, 'retry_after'],
    [allowing({ warnings: 'x' }), 'warnings'],
    [allowing({ warnings: [1] }), 'warnings[0]'],
    [allowing({ labels: [] }), 'labels'],
    [allowing({ labels: { a: {} } }), 'labels."a"'],
    [allowing({ trial: {} }), 'trial'],
    [allowing({ trial: [{ rule: 'r', effect: 'warn' }] }), 'trial[0].effect'],
    [allowing({ trial: [{ effect: 'deny' }] }), 'trial[0].rule'],
    [allowing({ trial: [{ rule: 'r', effect: 'deny', why: '' }] }), '"why"'],
    [{ effect: 'ask', ask: 'me' }, 'ask'],
    [['a', 1], 'reason 1'],
  ])('%j is a policy error that names the member', (value, name) => expectFault(value, name))
})

describe('a refusal', () => {
  test('carries what it is given', () => {
    const value = {
      allow: false,
      reason: 'slow_down',
      code: 'rate_limited',
      rule: 'r-1',
      remedy: 'wait',
      retry_after: 2.5,
      warnings: ['w'],
      labels: { team: 'core', n: 1, on: true },
      trial: [{ rule: 't', effect: 'deny', reason: 'x' }],
    }
    expect(parse(value)).toEqual({
      effect: 'deny',
      engine: 'rego',
      revision: 'r1',
      code: 'rate_limited',
      reason: 'slow_down',
      rules: ['r-1'],
      remedy: 'wait',
      retryAfterSec: 2.5,
      warnings: ['w'],
      labels: { team: 'core', n: 1, on: true },
      trial: [{ rule: 't', effect: 'deny', reason: 'x', tells: false }],
      fault: undefined,
    })
  })

  test('ignores obligations, whatever they are', () => {
    const value = { allow: false, reason: 'no', patch: 5, replace: 'x', filter_fields: {}, mask: 1 }
    expect(parse(value)).toMatchObject({ effect: 'deny', code: 'policy_deny', reason: 'no' })
  })

  test('has texts of at most 1,024 bytes, cut between characters', () => {
    const decision = parse({ allow: false, reason: 'é'.repeat(600) + '€'.repeat(600) })
    expect(decision.reason).toBe('é'.repeat(512))
    expect(parse({ allow: false, reason: `a${'€'.repeat(600)}` }).reason).toBe(
      `a${'€'.repeat(341)}`,
    )
    expect(parse([`${'x'.repeat(1022)}😀`]).reason).toBe('x'.repeat(1022))
  })

  test('keeps sixteen reasons, in the order of their bytes', () => {
    const reasons = Array.from(
      { length: 40 },
      (_, index) => `r${String(39 - index).padStart(2, '0')}`,
    )
    const decision = parse(reasons)
    expect(decision.reason).toBe('r00')
    expect(decision.warnings).toHaveLength(15)
    // U+FF5E sorts before U+1F600 in UTF-8 and behind it in UTF-16.
    expect(parse(['😀', '～']).reason).toBe('～')
    expect(parse(['a', 'a']).warnings).toEqual([])
  })
})

describe('a patch', () => {
  test.each([
    [
      { args: { a: 1, b: null } },
      'pre',
      'tools/call',
      { type: 'merge', root: 'args', value: { a: 1, b: null } },
    ],
    [{ args: {} }, 'pre', 'prompts/get', { type: 'merge', root: 'args', value: {} }],
    [{ params: { a: 1 } }, 'pre', 'logging/setLevel', { type: 'merge', root: 'params' }],
    [{ response: { a: null } }, 'post', 'tools/call', { type: 'merge', root: 'response' }],
  ] as const)('%j at %s of %s is a merge', (patch, hook, kind, obligation) => {
    expect(parse(allowing({ patch }), hook, kind)).toMatchObject({ obligations: [obligation] })
  })

  test('that changes nothing is no obligation', () => {
    expect(parse(allowing({ patch: {} }))).toMatchObject({ effect: 'allow', obligations: [] })
    expect(parse(allowing({ patch: [] }))).toMatchObject({ effect: 'allow', obligations: [] })
  })

  test('may be operations on the root that the hook writes', () => {
    const operations = [
      { op: 'test', path: '/args/a~1b', value: null },
      { op: 'add', path: '/args/list/-', value: [1] },
      { op: 'remove', path: '/args/x' },
      { op: 'move', path: '/args/y', from: '/args/z' },
      { op: 'replace', path: '/args', value: {} },
    ]
    const patch = operations.map((operation) => ({
      ...operation,
      comment: 'RFC 6902 has it ignored',
    }))
    expect(parse(allowing({ patch }))).toMatchObject({
      effect: 'allow',
      obligations: [{ type: 'operations', operations }],
    })
  })

  test.each([
    [{ args: null }, 'patch.args'],
    [{ args: [] }, 'patch.args'],
    [{ response: {} }, '"response"'],
    [{ params: {} }, '"params"'],
    [{ args: {}, name: 'other' }, '"name"'],
    ['args', 'patch'],
    [[{ op: 'add', path: '/name', value: 1 }], 'patch[0].path'],
    [[{ op: 'add', path: '/argsy', value: 1 }], 'patch[0].path'],
    [[{ op: 'add', path: 'args/a', value: 1 }], 'patch[0].path'],
    [[{ op: 'add', path: '/args/~2', value: 1 }], 'patch[0].path'],
    [[{ op: 'add', path: '/args/a' }], 'patch[0] has no value'],
    [[{ op: 'add', path: '/args', value: 5 }], 'patch[0]'],
    [[{ op: 'remove', path: '/args' }], 'patch[0].path'],
    [[{ op: 'copy', path: '/args/a', from: '/headers/x' }], 'patch[0].from'],
    [[{ op: 'copy', path: '/args', from: '/args/a' }], 'patch[0].path'],
    [[{ op: 'merge', path: '/args/a' }], 'patch[0].op'],
    [[5], 'patch[0]'],
  ])('%j is a policy error', (patch, name) => expectFault(allowing({ patch }), name))

  test('reaches the params of methods without arguments, and no others', () => {
    const patch = [{ op: 'add', path: '/params/level', value: 'info' }]
    expect(parse(allowing({ patch }), 'pre', 'logging/setLevel').effect).toBe('allow')
    expectFault(allowing({ patch }), 'patch[0].path')
  })
})

const stepOf = (pattern: string) => ({ path: 'text', pattern, with: 'x' })
const addition = { op: 'add', path: '/args/a', value: 1 }

describe('replace, filter_fields and mask_fields', () => {
  const step = { path: '**', pattern: 'a', with: '' }

  test('come in the order in which they are carried out', () => {
    const value = allowing({
      mask_fields: ['ssn'],
      filter_fields: ['salary', 'args.pay'],
      replace: [step, { ...step, path: 'args.text' }],
      patch: { args: { a: 1 } },
    })
    const decision = parse(value)
    expect(decision.effect === 'allow' && decision.obligations.map(({ type }) => type)).toEqual([
      'merge',
      'replace',
      'replace',
      'filter',
      'mask',
    ])
    expect(decision).toMatchObject({
      obligations: [{}, {}, {}, {}, { style: { type: 'text', text: '****' } }],
    })
  })

  test('say what becomes of what cannot be read, and of paths that name nothing', () => {
    const asked = { on_unreadable: 'deny', on_missing: 'deny' }
    const fields = { filter_fields: ['a'], mask_fields: ['b'] }
    const lenient = { onUnreadable: 'pass', onMissing: 'pass' }
    const strict = { onUnreadable: 'deny', onMissing: 'deny' }
    expect(parse(allowing(fields))).toMatchObject({ obligations: [lenient, lenient] })
    expect(parse(allowing({ ...fields, ...asked }))).toMatchObject({
      obligations: [strict, strict],
    })
    expect(parse(allowing({ ...fields, on_unreadable: 'remove' }))).toMatchObject({
      obligations: [{ onUnreadable: 'remove' }, { onMissing: 'pass' }],
    })
  })

  test('remove what the output schema marks, of results only', () => {
    const value = allowing({ filter_sensitive: true, filter_fields: ['a'] })
    expect(parse(value, 'post')).toMatchObject({
      obligations: [{ type: 'filter' }, { type: 'filter_sensitive', paths: undefined }],
    })
    expect(parse(value, 'pre')).toMatchObject({ code: 'policy_error', fault: 'obligation' })
    expect(parse(allowing({ filter_sensitive: false }), 'pre')).toMatchObject({ obligations: [] })
  })

  test.each([
    ['x', { type: 'text', text: 'x' }],
    [{ style: 'full' }, { type: 'text', text: '****' }],
    [
      { style: 'full', text: '' },
      { type: 'text', text: '' },
    ],
    [{ style: 'partial' }, { type: 'partial', keep: 4 }],
    [
      { style: 'partial', keep: 0 },
      { type: 'partial', keep: 0 },
    ],
    [{ style: 'hash' }, { type: 'hash', salt: '' }],
    [
      { style: 'hash', salt: 's' },
      { type: 'hash', salt: 's' },
    ],
    [{ style: 'email' }, { type: 'email' }],
    [{ style: 'preserve_type' }, { type: 'preserve_type' }],
  ])('mask as %j', (mask, style) => {
    expect(parse(allowing({ mask_fields: ['a'], mask }))).toMatchObject({
      obligations: [{ style }],
    })
  })

  test.each([
    [{}, 'mask.style must be one of'],
    [{ style: 'blur' }, 'mask.style must be one of'],
    [{ style: 'partial', keep: -1 }, 'mask.keep'],
    [{ style: 'partial', keep: 1.5 }, 'mask.keep'],
    [{ style: 'partial', keep: 1000 }, 'mask.keep'],
    [{ style: 'partial', text: 'x' }, '"text"'],
    [{ style: 'hash', salt: 1 }, 'mask.salt'],
    [{ style: 'full', text: 'x'.repeat(1025) }, 'mask.text is longer'],
    [['x'], 'mask'],
    [null, 'mask'],
  ])('never mask as %j', (mask, name) => expectFault(allowing({ mask_fields: ['a'], mask }), name))

  test.each([
    [{ on_unreadable: 'ignore' }, 'on_unreadable must be one of'],
    [{ on_unreadable: true }, 'on_unreadable must be one of'],
    [{ on_missing: 'remove' }, 'on_missing must be one of'],
    [{ filter_sensitive: 'yes' }, 'filter_sensitive must be a boolean'],
  ])('%j is refused', (members, name) =>
    expectFault(allowing({ filter_fields: ['a'], ...members }), name),
  )

  test.each([
    [{ filter_fields: Array.from({ length: 501 }, (_, n) => `f${n}`) }, 'filter_fields has more'],
    [{ mask_fields: Array.from({ length: 501 }, (_, n) => `f${n}`) }, 'mask_fields has more'],
    [{ mask_fields: ['**.'.repeat(400) + 'x'] }, 'mask_fields[0] is longer'],
    [{ replace: Array.from({ length: 101 }, () => stepOf('a')) }, 'replace has more'],
    [{ replace: [stepOf('(a){1000}'.repeat(10))] }, 'replace[0].pattern: pattern repeats too much'],
    [
      { replace: Array.from({ length: 6 }, () => stepOf('[a-z]{1000}'.repeat(2))) },
      'repeat too much',
    ],
    [{ patch: Array.from({ length: 501 }, () => addition) }, 'patch has more'],
  ])('that would take too long to carry out are a policy error', (members, name) =>
    expectFault(allowing(members), name),
  )

  test('that name nothing are no obligations', () => {
    const value = allowing({ replace: [], filter_fields: [], mask_fields: [], mask: 'x' })
    expect(parse(value)).toMatchObject({ effect: 'allow', obligations: [] })
  })

  test.each([
    [{ replace: {} }, 'replace'],
    [{ replace: [{ path: '**', pattern: 'a' }] }, 'replace[0].with'],
    [{ replace: [{ ...step, flags: 'i' }] }, '"flags"'],
    [{ replace: [step, { ...step, pattern: '(?=a)' }] }, 'replace[1].pattern'],
    [{ replace: [{ ...step, pattern: '(' }] }, 'replace[0].pattern'],
    [{ replace: [{ ...step, path: 'a..b' }] }, 'replace[0].path'],
    [{ replace: [{ ...step, with: 'x'.repeat(2000) }] }, 'replace[0].with'],
    [{ filter_fields: 'salary' }, 'filter_fields'],
    [{ filter_fields: [''] }, 'filter_fields[0]'],
    [{ filter_fields: [5] }, 'filter_fields[0]'],
    [{ mask_fields: ['__proto__'] }, 'mask_fields[0]'],
    [{ mask_fields: ['a'], mask: 5 }, 'mask'],
  ])('%j is a policy error', (members, name) => expectFault(allowing(members), name))

  test.each([
    [{ replace: [{ ...step, path: 'response.**' }] }, 'pre'],
    [{ filter_fields: ['response.salary'] }, 'pre'],
    [{ mask_fields: ['a', 'response.salary'] }, 'pre'],
    [{ mask_fields: ['args.salary'] }, 'post'],
  ] as const)('%j names what %s cannot change', (members, hook) => {
    expect(parse(allowing(members), hook)).toMatchObject({
      code: 'policy_error',
      fault: 'obligation',
    })
  })

  test('beside an ask are a policy error: the approved call would go without them', () => {
    expect(parse({ effect: 'ask', mask_fields: ['a'] })).toMatchObject({ fault: 'obligation' })
    expect(parse({ effect: 'ask', patch: {}, ask: { minutes: 5 } })).toMatchObject({
      effect: 'ask',
      terms: { minutes: 5 },
    })
  })

  test('are parsed once', () => {
    const value = allowing({ replace: [step] })
    const [first, second] = [parse(value), parse(structuredClone(value))]
    if (first.effect !== 'allow' || second.effect !== 'allow') throw new Error('not allowed')
    expect(first.obligations[0]).toBe(second.obligations[0])
  })
})

describe('the list hook', () => {
  test('gives names as they are, however long and however many', () => {
    const names = ['b', 'a', 'a', 'x'.repeat(5000), ...Array.from({ length: 50 }, String)]
    expect(parseNames(names, 'r1')).toMatchObject({ effect: 'allow', revision: 'r1', names })
    expect(parseNames([], 'r1')).toMatchObject({ effect: 'allow', names: [] })
  })

  test.each([[true], [{ allow: true }], [['a', 5]], ['a'], [null], [3]])(
    'refuses the list for any other value: %j',
    (value) => {
      expect(parseNames(value, 'r1')).toMatchObject({
        effect: 'deny',
        code: 'policy_error',
        fault: 'invalid_result',
      })
    },
  )

  test('refuses the list where it is undefined', () => {
    expect(parseNames(undefined, 'r1')).toMatchObject({ effect: 'deny', fault: 'undefined' })
  })
})
