import { expect, test } from 'vitest'
import { callWith, chargeOf } from './calls.js'

const long = (piece: string): string => piece.repeat(Math.ceil(400_000 / piece.length))

// Each would take minutes if what is left to read were copied, or looked through, once for each piece.
test.each<[string, string[]]>([
  ['time.parse_ns', [long('5 '), long('5 ')]],
  ['time.parse_ns', [long('_2'), long(' 2')]],
  ['time.parse_ns', [long('Mon '), long('Mon ')]],
  ['time.parse_ns', [long('MST'), long('UTC')]],
  ['time.parse_duration_ns', [`${long('1')}.${long('1')}`]],
  ['time.parse_duration_ns', [`${long('1')}ns1d`]],
  ['time.parse_duration_ns', [`${long('1')}.${long('1')}.1d`]],
  ['units.parse', [`${long('1')}-`]],
  ['units.parse_bytes', [`${long('1')}.1.`]],
])('%s reads long texts in one pass', (name, args) => {
  expect(callWith(name, args, () => undefined)).toBeUndefined()
})

test.each(['[', '[[:', '\\p{', '[[:a', '\\p{L'])(
  'a pattern of many %s is priced in one pass, and past any budget',
  (piece) => {
    expect(chargeOf('regex.find_n', [long(piece), 'a', -1n], 25e6)).toBeGreaterThan(25e6)
  },
)

test('numbers that stand for thousands of digits are compared without writing them out', () => {
  const numbers = Array.from(
    { length: 20_000 },
    () => ({ type: 'decimal', text: '1e4090' }) as const,
  )
  const others = numbers.map(() => ({ type: 'decimal', text: '10e4089' }) as const)
  expect(callWith('object.subset', [numbers, others], () => undefined)).toBe(true)
})

test('a whole number is the same one however it is written', () => {
  const written = [10n ** 39n, 10n ** 40n, 10n ** 41n, -(10n ** 39n), 123n * 10n ** 60n, 0n]
  const powers = ['1e39', '1.0e40', '100e39', '-1e39', '12.3e61', '0e5']
  const decimals = powers.map((text) => ({ type: 'decimal', text }) as const)
  expect(callWith('object.subset', [written, decimals], () => undefined)).toBe(true)
})
