import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { MaskStyle } from '../../src/domain/obligation.js'
import { compareShown, maskedValue } from '../../src/wire/json-tree-mask.js'

/** The value that stands for another. */
function masked(style: MaskStyle, value: unknown): unknown {
  return JSON.parse(maskedValue(style, JSON.stringify(value)))
}

function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

describe('a partial mask', () => {
  const partial = (keep: number): MaskStyle => ({ type: 'partial', keep })

  test.each([
    [4, '4111111111111111', '************1111'],
    [1, 'ab', '*b'],
    [0, 'abc', '***'],
    [2, 'x😀y😀z', '***😀z'],
    [1, 'aé😀', '**😀'],
    [1, 'ab👩‍👩‍👧‍👦', '**👩‍👩‍👧‍👦'],
    [1, 'nai\u0308', '**i\u0308'],
  ])('keeps the last %i of %j', (keep, text, expected) => {
    expect(masked(partial(keep), text)).toBe(expected)
  })
  test.each([
    [4, '1234'],
    [4, ''],
    [2, '😀'],
    [1, '👩‍👩‍👧‍👦'],
    [0, ''],
    [4, true],
    [4, null],
    [4, { a: 12345678 }],
    [4, ['12345678']],
  ])('of %i characters hides %j whole', (keep, value) => {
    expect(masked(partial(keep), value)).toBe('****')
  })
  test('of a number counts the digits as they are spelled', () => {
    expect(maskedValue(partial(4), '9007199254740993')).toBe('"************0993"')
    expect(maskedValue(partial(2), '-1.50')).toBe('"***50"')
  })
  test('never leaves half a character, and never more than asked', () => {
    for (const text of [
      '😀'.repeat(50),
      'e\u0301'.repeat(50),
      '👩‍👧'.repeat(30),
      'a\r\n'.repeat(9),
    ]) {
      for (const keep of [0, 1, 3, 7]) {
        const shown = String(masked(partial(keep), text)).replace(/^\**/, '')
        expect(text.endsWith(shown)).toBe(true)
        expect(shown).not.toMatch(/^[\udc00-\udfff]/)
        expect([...new Intl.Segmenter().segment(shown)].length).toBeLessThanOrEqual(keep)
      }
    }
  })
})

describe('a hash', () => {
  const salted: MaskStyle = { type: 'hash', salt: 'pepper' }

  test('is of salt and text, so that anyone who knows the salt can compute it', () => {
    expect(masked(salted, 'alice@example.org')).toBe(digest('pepperalice@example.org'))
  })
  test.each([
    ['1', '1.0'],
    ['100', '1E2'],
    ['"a\\u0062"', '"ab"'],
    ['{"a":1,"b":[2.0]}', ' { "b" : [2], "a": 1.00 } '.trim()],
    ['9007199254740993', '9007199254740993.0'],
  ])('is the same for %s and %s', (one, other) => {
    expect(maskedValue(salted, one)).toBe(maskedValue(salted, other))
  })
  test.each([
    ['9007199254740993', '9007199254740992'],
    ['[1]', '[1,1]'],
    ['true', 'false'],
    ['null', 'false'],
  ])('differs for %s and %s', (one, other) => {
    expect(maskedValue(salted, one)).not.toBe(maskedValue(salted, other))
  })
  test('differs by salt', () => {
    expect(masked(salted, 1)).not.toBe(masked({ type: 'hash', salt: '' }, 1))
  })
  test('of what is nested too deep for a canonical form is that of its spelling', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(maskedValue(salted, deep)).toBe(JSON.stringify(digest(`pepper${deep}`)))
  })
})

describe('a masked address', () => {
  const email: MaskStyle = { type: 'email' }

  test.each([
    ['alice@example.org', 'a***@example.org'],
    ['b.c+d@mail.example.co.uk', 'b***@mail.example.co.uk'],
    ['x@example.org', '***@example.org'],
  ])('%s', (address, expected) => {
    expect(masked(email, address)).toBe(expected)
  })
  test.each([
    ['Alice <alice@example.org>'],
    ['alice@example.org, bob@example.org'],
    ['a@b@example.org'],
    ['alice@localhost'],
    ['@example.org'],
    ['alice'],
    [`alice@${'x'.repeat(64)}.org`],
    [12],
    [{ address: 'alice@example.org' }],
  ])('hides whole what is none: %j', (value) => {
    expect(masked(email, value)).toBe('****')
  })
})

test('a value of the same type is empty', () => {
  const values = ['x', 7, -1.5, true, false, null, [1], { a: 1 }]
  expect(values.map((value) => masked({ type: 'preserve_type' }, value))).toEqual([
    '',
    0,
    0,
    false,
    false,
    null,
    [],
    {},
  ])
})

test('of two masks one shows less, whichever comes first', () => {
  const ordered: MaskStyle[] = [
    { type: 'text', text: '' },
    { type: 'text', text: '****' },
    { type: 'preserve_type' },
    { type: 'text', text: 'hidden' },
    { type: 'text', text: '[name of 8]' },
    { type: 'text', text: '***-**-1234' },
    { type: 'hash', salt: 'a' },
    { type: 'hash', salt: 'b' },
    { type: 'partial', keep: 2 },
    { type: 'partial', keep: 4 },
    { type: 'email' },
  ]
  expect(ordered.toReversed().sort(compareShown)).toEqual(ordered)
  for (const style of ordered) expect(compareShown(style, { ...style })).toBe(0)
})
