import type { RegoNumber, RegoValue } from './rego-value.js'

/** Whole numbers of more digits are kept as text: what a policy does with them would cost more than it could be worth. */
export const longestInteger = 4096

export function isRegoNumber(value: RegoValue | undefined): value is RegoNumber {
  return typeof value === 'bigint' || (isTagged(value) && value.type === 'decimal')
}

/** The number that a JSON number spells. */
export function numberOf(text: string): RegoNumber {
  return text.length <= longestInteger && wholeNumber.test(text)
    ? BigInt(text)
    : { type: 'decimal', text }
}

const wholeNumber = /^-?\d+$/

export function textOfNumber(number: RegoNumber): string {
  return typeof number === 'bigint' ? String(number) : number.text
}

/** Exact whatever the size: `1` and `1.0` are equal, `1e400` and `1e401` are not. */
export function compareNumbers(a: RegoNumber, b: RegoNumber): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  const left = scientific(textOfNumber(a))
  const right = scientific(textOfNumber(b))
  if (left.sign !== right.sign) return left.sign - right.sign
  return left.sign * compareSizes(left, right)
}

/** `sign` × 0.`digits` × 10^`exponent`, without zeros at either end; nothing is expanded. */
export interface Scientific {
  readonly sign: -1 | 0 | 1
  readonly digits: string
  readonly exponent: bigint
}

export function scientific(text: string): Scientific {
  const [mantissa = '', power = '0'] = text.split(/[eE]/)
  const unsigned = mantissa.replace(/^-/, '')
  const [whole = '', fraction = ''] = unsigned.split('.')
  const written = whole + fraction
  const start = written.search(/[1-9]/)
  if (start === -1) return { sign: 0, digits: '', exponent: 0n }
  return {
    sign: mantissa.startsWith('-') ? -1 : 1,
    digits: withoutZerosAtEnd(written.slice(start)),
    exponent: exponentOf(power) + BigInt(whole.length - start),
  }
}

// A loop, because a pattern that ends in 0+$ takes the square of a long run of zeros.
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}

// An exponent of thousands of digits is as good as one of a hundred.
function exponentOf(power: string): bigint {
  const digits = power.replace(/^[+-]/, '').replace(/^0+(?=\d)/, '')
  const size = BigInt(digits.length > 100 ? '9'.repeat(100) : digits)
  return power.startsWith('-') ? -size : size
}

function compareSizes(a: Scientific, b: Scientific): number {
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1
  return a.digits === b.digits ? 0 : a.digits < b.digits ? -1 : 1
}

function isTagged(value: RegoValue | undefined): value is Extract<RegoValue, { type: string }> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
