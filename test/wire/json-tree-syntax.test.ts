import { expect, test } from 'vitest'
import { syntaxOf } from '../../src/wire/json-tree-syntax.js'
import { createRandom } from '../support/random.js'

const pieces = [
  '{',
  ...['}', '[', ']', ',', ':', '"a"', '"\\u00e9"', '"\\x"', '"\\u12g4"', '"\n"', '"', '\\'],
  ...['0', '-1.5e+3', '01', '1.', '-', '.5', '1e', 'true', 'false', 'nul', 'null', ' ', '\n'],
  ...['\t', '\u00a0', 'x', '{}', '[]', '"k":1'],
] as const

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('a text is JSON just where JSON.parse reads it', () => {
  const random = createRandom(11)
  let valid = 0
  for (let round = 0; round < 30_000; round += 1) {
    const text = Array.from({ length: 1 + random.below(6) }, () => random.oneOf(pieces)).join('')
    const expected = isJson(text)
    if (expected) valid += 1
    expect(syntaxOf(text) === 'json', JSON.stringify(text)).toBe(expected)
  }
  expect(valid).toBeGreaterThan(300)
})

test('valid texts stay valid, and damaged ones are found', () => {
  const random = createRandom(12)
  const value = (depth: number): unknown => {
    const kind = random.below(depth === 0 ? 4 : 6)
    if (kind === 4) return Array.from({ length: random.below(4) }, () => value(depth - 1))
    if (kind === 5)
      return Object.fromEntries([
        ['a\n"', value(depth - 1)],
        ['é', value(depth - 1)],
      ])
    return random.oneOf<unknown>([null, true, -0.5e-7, 'x\u0001"\\😀'])
  }
  for (let round = 0; round < 3_000; round += 1) {
    const text = JSON.stringify(value(4), undefined, random.below(3))
    expect(syntaxOf(text)).toBe('json')
    const at = random.below(text.length)
    const damaged =
      text.slice(0, at) + random.oneOf(['', '"', ',', '\\', '\n', '}']) + text.slice(at + 1)
    expect(syntaxOf(damaged) === 'json', damaged).toBe(isJson(damaged))
  }
})

test('what is nested beyond all measure is told apart', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  expect(syntaxOf(nested(100_000))).toBe('json')
  expect(syntaxOf(nested(100_002))).toBe('too_deep')
})
