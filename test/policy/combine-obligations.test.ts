import { describe, expect, test } from 'vitest'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { JsonValue } from '../../src/domain/json.js'
import type { Obligation, PatchOperation } from '../../src/domain/obligation.js'
import { applyObligations } from '../../src/pipeline/oblige.js'
import { combineObligations } from '../../src/policy/combine-obligations.js'
import { clashOf } from '../../src/policy/combine-patches.js'
import { createPatterns } from '../../src/policy/patterns.js'

const patterns = createPatterns()
const passing = { onUnreadable: 'pass', onMissing: 'pass' } as const

const filter = (path: string): Obligation => ({
  type: 'filter',
  paths: [parseFieldPath(path)],
  ...passing,
})
const mask = (path: string, text = '****'): Obligation => ({
  type: 'mask',
  paths: [parseFieldPath(path)],
  style: { type: 'text', text },
  ...passing,
})
const replace = (pattern: string, text: string): Obligation => ({
  type: 'replace',
  path: parseFieldPath('response.**'),
  pattern: patterns.compile(pattern),
  with: text,
})
const merge = (value: JsonValue) => ({ type: 'merge', root: 'response', value }) as const
const operations = (...list: PatchOperation[]) =>
  ({ type: 'operations', operations: list }) as const

/** What is left of a result by obligations of one bundle each. */
function left(result: JsonValue, ...obligations: Obligation[]): unknown {
  const combined = combineObligations(
    obligations.map((each, index) => ({ name: `m${index}`, obligations: [each] })),
  )
  if (combined.type === 'conflict') return combined.message
  const text = Buffer.from(`{"result":${JSON.stringify(result)}}`)
  const root = {
    name: 'response',
    span: { start: 10, end: text.length - 1 },
    isError: false,
  } as const
  const applied = applyObligations({ text, root, obligations: combined.obligations, patterns })
  if (applied instanceof Promise) throw new Error('Short texts are rewritten at once')
  return (JSON.parse(applied.text.toString()) as { readonly result: unknown }).result
}

describe('each hides what it hides alone', () => {
  test('where a filter removes what a mask lies on', () => {
    expect(left({ ssn: 1, a: 2 }, mask('ssn'), filter('ssn'))).toEqual({ a: 2 })
    expect(left({ ssn: 1, a: 2 }, filter('ssn'), mask('ssn'))).toEqual({ a: 2 })
  })

  test('where filters count the items of one array', () => {
    const items = { items: ['a', 'b', 'c'] }
    expect(left(items, filter('response.items[0]'), filter('response.items[1]'))).toEqual({
      items: ['c'],
    })
  })

  test('where a mask counts items that a filter moves', () => {
    const items = { items: [{ k: 'a' }, { k: 'b' }, { k: 'c' }] }
    const text = JSON.stringify(
      left(items, filter('response.items[0]'), mask('response.items[1].k')),
    )
    expect(text).not.toMatch(/"[ab]"/)
  })

  test('where a text that another rewrites is no longer the JSON that it was', () => {
    const text = '{"ssn":"078-05-1120","a":1}'
    expect(JSON.stringify(left({ text }, replace('^\\{', '('), filter('ssn')))).not.toContain('078')
    expect(JSON.stringify(left({ text }, mask('ssn'), replace('^\\{', '(')))).not.toContain('078')
  })

  test('where several masks lie on one place: the one that shows least stands', () => {
    const masks = ['[name of 8]', 'XX', '****', '***-**-1234', 'hidden']
    expect(left({ ssn: 1 }, ...masks.map((text) => mask('ssn', text)))).toEqual({ ssn: '****' })
  })

  test('also where one alone must find something, and finds it before another rewrites it', () => {
    const seeking: Obligation = {
      type: 'filter',
      paths: [parseFieldPath('ssn')],
      onUnreadable: 'pass',
      onMissing: 'deny',
    }
    const text = '{"ssn":"078-05-1120","a":1}'
    expect(JSON.stringify(left({ text }, seeking, replace('^\\{', '(')))).not.toContain('078')
  })

  test('where sensitive items are removed before those that a mask counts', () => {
    const sensitive: Obligation = {
      type: 'filter_sensitive',
      paths: [parseFieldPath('response.structuredContent.l[0]')],
      onUnreadable: 'pass',
      onMissing: 'deny',
    }
    const items = { structuredContent: { l: ['a', 'b', 'c'] } }
    const counting = mask('response.structuredContent.l[1]')
    const expected = { structuredContent: { l: ['****', 'c'] } }
    expect(left(items, sensitive, counting)).toEqual(expected)
    expect(left(items, sensitive, replace('x', ''), counting)).toEqual(expected)
  })

  test('where a patch puts something in its place', () => {
    expect(left({ ssn: 1 }, filter('ssn'), merge({ ssn: 2, a: 3 }))).toEqual({ a: 3 })
  })

  test('or nothing is done where a patch moves items that another counts', () => {
    const items = { items: ['a', 'b'], keys: { a: 1 } }
    const first = operations({ op: 'remove', path: '/response/items/0' })
    expect(left(items, first, filter('response.items[1]'))).toBe(
      'the patch of m0 moves /response/items/0, where m1 has something to hide',
    )
    expect(left(items, first, filter('a'))).toEqual({ items: ['b'], keys: {} })
  })
})

describe('two patches', () => {
  const add = (path: string, value: JsonValue) => operations({ op: 'add', path, value })
  const remove = (path: string) => operations({ op: 'remove', path })

  test.each([
    ['of members that differ', merge({ a: 1 }), merge({ b: 1 }), undefined],
    [
      'of the same value',
      merge({ a: { b: [1, { c: 2 }] } }),
      merge({ a: { b: [1, { c: 2 }] } }),
      undefined,
    ],
    ['of two values', merge({ a: 1 }), merge({ a: 2 }), '/response/a'],
    [
      'deep inside',
      merge({ a: { b: { c: 1 } } }),
      merge({ a: { b: { c: 2, d: 1 } } }),
      '/response/a/b/c',
    ],
    ['of which one deletes', merge({ a: null }), merge({ a: 1 }), '/response/a'],
    [
      'of which one deletes what the other writes into',
      merge({ a: null }),
      merge({ a: { b: 1 } }),
      '/response/a',
    ],
    ['that both delete', merge({ a: null }), merge({ a: null }), undefined],
    ['of two arrays', merge({ a: [1] }), merge({ a: [1, 2] }), '/response/a'],
    ['of keys with a slash', merge({ 'a/b~': 1 }), merge({ 'a/b~': 2 }), '/response/a~1b~0'],
    ['of keys that every object has', merge({ constructor: 1 }), merge({ a: 1 }), undefined],
    ['of an operation that sets null', merge({ a: null }), add('/response/a', null), '/response/a'],
    ['of an operation elsewhere', merge({ a: 1 }), add('/response/b', 2), undefined],
    ['of an operation on another value', merge({ a: 1 }), add('/response/a', 2), '/response/a'],
    ['of an operation on the same value', merge({ a: [1] }), add('/response/a', [1]), undefined],
    [
      'of an operation inside a deleted value',
      merge({ a: null }),
      add('/response/a/b', 1),
      '/response/a/b',
    ],
    [
      'of an operation inside an array',
      merge({ a: [1] }),
      add('/response/a/0', 1),
      '/response/a/0',
    ],
    [
      'of an operation around a merge that it holds',
      merge({ a: { b: 1 } }),
      add('/response/a', { b: 1, c: 2 }),
      undefined,
    ],
    [
      'of an operation around a merge that it lacks',
      merge({ a: { b: 1 } }),
      add('/response/a', { c: 2 }),
      '/response/a',
    ],
    [
      'of an operation around a deletion',
      merge({ a: { b: null } }),
      add('/response/a', { c: 2 }),
      undefined,
    ],
    ['of a whole and a part', merge({ a: 1 }), add('/response', { a: 2 }), '/response'],
    ['that both remove', merge({ a: null }), remove('/response/a'), undefined],
    ['of which one removes', merge({ a: 1 }), remove('/response/a'), '/response/a'],
    [
      'of an array that becomes an object',
      merge({ a: { b: 1 } }),
      add('/response/a/0', 1),
      '/response/a/0',
    ],
    ['of two operations apart', add('/response/a', 1), add('/response/ab', 2), undefined],
    ['of two operations on one place', add('/response/a', 1), add('/response/a', 2), '/response/a'],
    [
      'of two operations of one value',
      add('/response/a', 1),
      operations({ op: 'replace', path: '/response/a', value: 1 }),
      undefined,
    ],
    ['of operations that are the same', remove('/response/a'), remove('/response/a'), undefined],
    [
      'of an operation inside another',
      add('/response/a', {}),
      add('/response/a/b', 1),
      '/response/a',
    ],
    [
      'of a test of what the other writes',
      add('/response/a', 1),
      operations({ op: 'test', path: '/response/a', value: 0 }),
      '/response/a',
    ],
    [
      'of two tests',
      operations({ op: 'test', path: '/response/a', value: 0 }),
      operations({ op: 'test', path: '/response/a/b', value: 0 }),
      undefined,
    ],
    [
      'of two items of one array',
      add('/response/a/0', 1),
      remove('/response/a/2'),
      '/response/a/0',
    ],
    [
      'of an item put before another that is written',
      remove('/response/a/0'),
      operations({ op: 'replace', path: '/response/a/1/b', value: 1 }),
      '/response/a/0',
    ],
    [
      'of a copy of what the other writes',
      add('/response/a', 1),
      operations({ op: 'copy', from: '/response/a', path: '/response/b' }),
      '/response/a',
    ],
  ] as const)('%s', (_title, one, other, place) => {
    expect(clashOf(one, other)).toBe(place)
    expect(clashOf(other, one) === undefined).toBe(place === undefined)
  })

  test('of many operations are compared in a moment', () => {
    const many = (name: string) =>
      operations(
        ...Array.from({ length: 20_000 }, (_, index): PatchOperation => ({
          op: 'add',
          path: `/response/${name}/k${index}`,
          value: index,
        })),
      )
    expect(clashOf(many('a'), many('b'))).toBeUndefined()
  })
})
