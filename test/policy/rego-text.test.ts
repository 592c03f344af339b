import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  compareRego,
  deepestValue,
  equalRego,
  parseRego,
  printRego,
} from '../../src/policy/rego-text.js'
import type { RegoValue } from '../../src/policy/rego-value.js'
import { fixtureEvaluator, inputOf } from './evaluators.js'

const set = (...members: RegoValue[]): RegoValue => ({ type: 'set', members })
const object = (...entries: (readonly [RegoValue, RegoValue])[]): RegoValue => ({
  type: 'object',
  entries,
})
const decimal = (text: string): RegoValue => ({ type: 'decimal', text })

describe('what the module writes is read', () => {
  test.each<[string, RegoValue]>([
    ['null', null],
    ['[true, false]', [true, false]],
    ['{1, 2}', set(1n, 2n)],
    ['set()', set()],
    ['{}', object()],
    ['{set(): {{}}}', object([set(), set(object())])],
    ['{"a": 1, [1]: {2}}', object(['a', 1n], [[1n], set(2n)])],
    ['-12345678901234567890123', -12345678901234567890123n],
    ['1.10', decimal('1.10')],
    ['1E5', decimal('1E5')],
    ['1.', decimal('1.')],
    ['"a\\u0000\\u001f \\"\\\\/\\n é😀\u2028"', 'a\0\u001f "\\/\n é😀\u2028'],
    ['"\\\\"', '\\'],
    ['"\\\\\\""', '\\"'],
    [' [ 1 ,\n{ 2 : 3 } ] ', [1n, object([2n, 3n])]],
  ])('%s', (text, value) => {
    expect(parseRego(text)).toEqual(value)
  })

  test('a whole number of thousands of digits stays text', () => {
    expect(parseRego('1'.repeat(5000))).toEqual(decimal('1'.repeat(5000)))
    expect(parseRego('1'.repeat(4096))).toBe(BigInt('1'.repeat(4096)))
  })

  test.each([
    '',
    '[',
    '[1',
    '[1,]',
    '{1,}',
    '{"a":1,2}',
    '{1:2,3}',
    '"a',
    '"\\"',
    'nul',
    '+1',
    '.5',
    '1 2',
    '[1] x',
    'set(',
    '\ufeff1',
    '-',
    'e',
  ])('%j is refused', (text) => {
    expect(() => parseRego(text)).toThrow(SyntaxError)
  })

  test('nesting has an end', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(printRego(parseRego(nested(deepestValue)))).toBe(nested(deepestValue))
    expect(() => parseRego(nested(deepestValue + 1))).toThrow('nested deeper than 1000')
    expect(() => parseRego('{'.repeat(1_000_000))).toThrow(SyntaxError)
  })
})

describe('what is printed', () => {
  test.each<[RegoValue, string]>([
    [[null, true, 'a"\n'], '[null,true,"a\\"\\n"]'],
    [set(), 'set()'],
    [set(1n, set()), '{1,set()}'],
    [object(['a', decimal('1.0')], [set(1n), []]), '{"a":1.0,{1}:[]}'],
    ['half \ud83d of a pair', '"half \ufffd of a pair"'],
    ['😀', '"😀"'],
  ])('is right: %#', (value, text) => {
    expect(printRego(value)).toBe(text)
  })

  test('reaches a module and comes back', async () => {
    const { evaluator } = await fixtureEvaluator('every-builtin')
    const text = 'a\0\u001f\u007f\u0080 \b\f\r"\\/\u2028\ufeff\ufffd 😀'
    const answer = evaluator.evaluate(inputOf({ name: 'strings.split_n', calls: [[text, '|', 9]] }))
    expect(JSON.parse(answer)).toEqual([{ result: [[[text]]] }])
  })
})

describe('the order of values is OPA’s', () => {
  const ascending: readonly RegoValue[] = [
    null,
    false,
    true,
    decimal('-1e401'),
    decimal('-1e400'),
    -(10n ** 30n),
    -2n,
    decimal('-1.5'),
    0n,
    decimal('1e-400'),
    decimal('0.1'),
    1n,
    decimal('1.0000000000000000000001'),
    2n,
    10n,
    decimal('9223372036854775807.5'),
    9223372036854775808n,
    decimal('1e400'),
    decimal('1e99999999999999999999'),
    '',
    'A',
    'a',
    'aa',
    'b',
    '\uffff',
    '😀',
    [],
    [1n],
    [1n, 1n],
    [2n],
    object(),
    object([1n, 9n]),
    object([1n, 9n], ['b', 1n]),
    object([2n, 1n]),
    set(),
    set(2n, 1n),
    set(2n),
  ]

  test('of every pair', () => {
    for (const [at, a] of ascending.entries()) {
      for (const [other, b] of ascending.entries()) {
        expect(Math.sign(compareRego(a, b))).toBe(Math.sign(at - other))
      }
    }
  })

  test.each<[RegoValue, RegoValue]>([
    [1n, decimal('1.0')],
    [decimal('1e2'), 100n],
    [decimal('-0.0'), 0n],
    [decimal('0e99'), decimal('0.000')],
    [decimal('120e-1'), decimal('1.2E+1')],
    [set(1n, 2n), set(decimal('2.0'), 1n)],
    [object(['a', 1n], ['b', 2n]), object(['b', 2n], ['a', 1n])],
  ])('of equal ones: %#', (a, b) => {
    expect(equalRego(a, b)).toBe(true)
    expect(equalRego([a], [b])).toBe(true)
  })
})

test('the golden vectors survive reading and printing', () => {
  const file = new URL('../fixtures/builtins/object.json', import.meta.url)
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Record<string, [string, unknown][]>
  for (const [args] of Object.values(vectors).flat()) {
    expect(printRego(parseRego(args))).toBe(args)
  }
})
