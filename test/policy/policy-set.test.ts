import { describe, expect, test } from 'vitest'
import type { Deny } from '../../src/domain/decision.js'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { MergePatch, Obligation } from '../../src/domain/obligation.js'
import { allow, ask, callOf, deny, dryRun, toolCall } from '../support/entries.js'
import { inputOf, member, saying, setOf } from './members.js'

const fault: Deny = { ...deny, code: 'policy_error', reason: 'policy_error: trap', fault: 'trap' }

describe('a set of policies', () => {
  test('of one that has a say in everything is that policy', () => {
    const policy = saying(allow)
    expect(setOf(member('org', policy))).toBe(policy)
    expect(setOf(member('org', policy, 'organisation', { server: '*' }))).not.toBe(policy)
  })

  test.each([
    [[allow, deny], 'deny'],
    [[deny, ask], 'deny'],
    [[dryRun, ask, allow], 'ask'],
    [[allow, dryRun], 'dry_run'],
    [[allow, allow], 'allow'],
  ] as const)('takes the strictest effect', (decisions, effect) => {
    const members = decisions.map((decision, index) => member(`m${index}`, saying(decision)))
    for (const order of [members, members.toReversed()]) {
      expect(setOf(...order).evaluate(inputOf()).effect).toBe(effect)
      expect(setOf(...order).evaluate(inputOf('post')).effect).toBe(effect)
    }
  })

  test('refuses for the reason of the highest layer, then of the first name, whatever the order', () => {
    const refusing = (reason: string, rules = ['r']) => saying({ ...deny, reason, rules })
    const members = [
      member('b', refusing('second')),
      member('a', refusing('tool'), 'tool'),
      member('a', refusing('team'), 'team'),
      member('aa', refusing('first')),
    ]
    const set = setOf(...members.slice(0, 1), ...members.slice(2), ...members.slice(1, 2))
    expect(set.evaluate(inputOf())).toMatchObject({
      reason: 'first',
      rules: ['aa/r', 'b/r', 'a/r', 'a/r'],
      revision: 'set',
    })
    expect(setOf(...members.toReversed()).evaluate(inputOf())).toEqual(set.evaluate(inputOf()))
  })

  test('never hides that one of it could not decide', () => {
    const set = setOf(member('a', saying(deny)), member('b', saying(fault), 'tool'))
    expect(set.evaluate(inputOf())).toMatchObject({
      code: 'policy_error',
      fault: 'trap',
      rules: ['b/role_allow_list', 'a/role_allow_list'],
    })
  })

  test('names the bundle of a refusal that names no rule', () => {
    const set = setOf(
      member('a', saying({ ...allow, rules: [] })),
      member('b', saying({ ...deny, rules: [] })),
    )
    expect(set.evaluate(inputOf())).toMatchObject({ rules: ['b'] })
  })

  test('adds up warnings and marks, and merges labels with the first layer on top', () => {
    const marked = (name: string, labels: Record<string, string>) =>
      saying({
        ...allow,
        warnings: [`${name} warns`],
        labels,
        trial: [{ rule: 'r', effect: 'deny', reason: name, tells: false }],
      })
    const set = setOf(
      member('team', marked('team', { tier: 'low', team: 'core' }), 'team'),
      member('org', marked('org', { tier: 'high' })),
    )
    expect(set.evaluate(inputOf())).toMatchObject({
      warnings: ['org warns', 'team warns'],
      labels: { tier: 'high', team: 'core' },
      trial: [
        { rule: 'org/r', reason: 'org' },
        { rule: 'team/r', reason: 'team' },
      ],
    })
  })

  test('asks only members that have the hook, and passes what none has a say in', () => {
    const set = setOf(
      member('a', saying(allow, ['pre'])),
      member('b', saying(deny, ['post']), 'organisation', { tool: 'hr.*' }),
    )
    expect(set.hooks).toEqual({ pre: true, post: true, list: false })
    expect(set.evaluate(inputOf('pre')).effect).toBe('allow')
    expect(set.evaluate(inputOf('post'))).toMatchObject({ effect: 'allow', obligations: [] })
  })

  test('refuses a call in which no bundle has a say', () => {
    const set = setOf(
      member('hr', saying(allow), 'server', { server: 'hr' }),
      member('late', saying(allow, ['post'])),
    )
    expect(set.evaluate(inputOf())).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      fault: 'undefined',
      reason: 'policy_error: undefined (no bundle has a say in this call)',
      revision: 'set',
    })
  })

  test('retires all of it', () => {
    const retired: string[] = []
    const noting = (name: string) => ({ ...saying(allow), retire: () => void retired.push(name) })
    setOf(member('a', noting('a')), member('b', noting('b'))).retire()
    expect(retired).toEqual(['a', 'b'])
  })
})

describe('a list under a set of policies', () => {
  const page = '{"items":[{"name":"a"},{"name":"b"},{"uri":"file:///c"},{"uriTemplate":"d"}]}'
  const listing = (...names: string[]) => saying(allow, ['pre', 'list'], names)
  const tools = callOf('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')

  test('shows what everybody leaves who has a list', () => {
    const set = setOf(
      member('a', listing('a', 'b', 'c')),
      member('b', listing('c', 'b')),
      member('c', saying(allow, ['pre'])),
    )
    expect(set.list(inputOf('list', tools, page))).toMatchObject({
      effect: 'allow',
      names: ['b', 'c'],
    })
    expect(set.evaluate(inputOf('list', tools, page))).toMatchObject({ names: ['b', 'c'] })
  })

  test('is refused where anybody refuses it', () => {
    const set = setOf(member('a', listing('a')), member('b', saying(fault, ['list'])))
    expect(set.list(inputOf('list', tools, page))).toMatchObject({ effect: 'deny', fault: 'trap' })
  })

  test('is left whole where nobody has a say in it', () => {
    const set = setOf(
      member('a', saying(allow, ['pre'])),
      member('b', listing(), 'server', { server: 'hr' }),
    )
    expect(set.list(inputOf('list', tools, page))).toMatchObject({
      effect: 'allow',
      names: ['a', 'b', 'file:///c', 'd'],
    })
  })
})

describe('obligations of several', () => {
  const merge = (value: MergePatch['value']): Obligation => ({ type: 'merge', root: 'args', value })
  const filter = (...paths: string[]): Obligation => ({
    type: 'filter',
    paths: paths.map(parseFieldPath),
    ...lenient,
  })
  const mask = (text: string, ...paths: string[]): Obligation => ({
    type: 'mask',
    paths: paths.map(parseFieldPath),
    style: { type: 'text', text },
    ...lenient,
  })
  const lenient = { onUnreadable: 'pass', onMissing: 'pass' } as const
  const replace: Obligation = {
    type: 'replace',
    path: parseFieldPath('args.**'),
    pattern: {
      source: 'x',
      required: 'x',
      test: () => true,
      search: () => true,
      replaceAll: (text) => text,
    },
    with: '',
  }
  const obliging = (...obligations: Obligation[]) => saying({ ...allow, obligations })

  test('come as patches, replaces, filters and masks, each by layer', () => {
    const set = setOf(
      member('team', obliging(merge({ b: 1 }), mask('*', 'm')), 'team'),
      member('org', obliging(merge({ a: 1 }), filter('f'), mask('**', 'n'))),
    )
    expect(set.evaluate(inputOf())).toMatchObject({
      obligations: [merge({ a: 1 }), merge({ b: 1 }), filter('f'), mask('**', 'n'), mask('*', 'm')],
    })
  })

  test('of one alone stay as they are', () => {
    const own = [merge({ a: 1 }), replace, filter('f'), mask('x', 'm'), mask('y', 'm')]
    const set = setOf(member('a', obliging(...own)), member('b', obliging()))
    expect(set.evaluate(inputOf())).toMatchObject({ obligations: own })
  })

  test('hold for a rehearsal too, and not for a refusal', () => {
    const rehearsing = setOf(
      member('a', obliging(filter('f'))),
      member('b', saying({ ...dryRun, obligations: [merge({ a: 1 })] })),
    )
    expect(rehearsing.evaluate(inputOf())).toMatchObject({
      effect: 'dry_run',
      obligations: [merge({ a: 1 }), filter('f')],
    })
    const refusing = setOf(member('a', obliging(filter('f'))), member('b', saying(ask)))
    expect(refusing.evaluate(inputOf())).not.toHaveProperty('obligations')
  })

  test('that give one place different values are a policy error that names the place', () => {
    const set = setOf(
      member('org', obliging(merge({ units: 'metric' }))),
      member('team', obliging(merge({ units: 'imperial' })), 'team'),
    )
    expect(set.evaluate(inputOf('pre', toolCall()))).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      fault: 'obligation',
      reason: 'policy_error: obligation (the patches of org and team differ about /args/units)',
      revision: 'set',
    })
  })

  test('that would carry away what another hides are a policy error', () => {
    const moving: Obligation = {
      type: 'operations',
      operations: [{ op: 'move', from: '/args/ssn', path: '/args/note' }],
    }
    const set = setOf(member('org', obliging(mask('*', 'ssn'))), member('team', obliging(moving)))
    expect(set.evaluate(inputOf())).toMatchObject({ fault: 'obligation' })
    expect(
      setOf(member('a', obliging(moving)), member('b', saying(allow))).evaluate(inputOf()),
    ).toMatchObject({
      effect: 'allow',
    })
  })
})
