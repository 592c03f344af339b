import type { Scientific } from '../rego-number.js'

/** A number of 64 significant bits, as OPA's arithmetic has them: `mantissa` × 2^`exponent`. */
export interface BigFloat {
  readonly mantissa: bigint
  readonly exponent: number
}

/** The fraction rounded to 64 bits, half to even. The denominator is positive. */
export function roundToBits(numerator: bigint, denominator: bigint): BigFloat {
  const size = numerator < 0n ? -numerator : numerator
  if (size === 0n) return { mantissa: 0n, exponent: 0 }
  // One bit more than needed, to see which side of the half it is on.
  const shift = bitsOf(size) - bitsOf(denominator) - 65
  const [scaled, divisor] =
    shift < 0 ? [size << BigInt(-shift), denominator] : [size, denominator << BigInt(shift)]
  const quotient = scaled / divisor
  const extra = bitsOf(quotient) - 64
  const kept = quotient >> BigInt(extra)
  const left = quotient - (kept << BigInt(extra))
  const half = 1n << BigInt(extra - 1)
  const isExact = quotient * divisor === scaled
  const isUp = left > half || (left === half && (!isExact || (kept & 1n) === 1n))
  const mantissa = isUp ? kept + 1n : kept
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: shift + extra }
}

function bitsOf(number: bigint): number {
  return number === 0n ? 0 : number.toString(16).length * 4 - leadingZeros(number)
}

function leadingZeros(number: bigint): number {
  const [first = '0'] = number.toString(16)
  return Math.clz32(parseInt(first, 16)) - 28
}

/** The number rounded to 64 bits, where that is whole and fits into some hundred bits. */
export function nearestFloat(number: Scientific): bigint | undefined {
  if (number.sign === 0) return 0n
  if (number.exponent > 40n || number.exponent < -40n) return undefined
  const { numerator, denominator } = fractionOf(number)
  const { mantissa, exponent } = roundToBits(numerator, denominator)
  if (exponent >= 0) return mantissa << BigInt(exponent)
  const whole = mantissa >> BigInt(-exponent)
  return whole << BigInt(-exponent) === mantissa ? whole : undefined
}

export interface Fraction {
  readonly numerator: bigint
  /** Positive. */
  readonly denominator: bigint
}

export function fractionOf({ sign, digits, exponent }: Scientific): Fraction {
  const whole = BigInt(sign) * BigInt(digits === '' ? 0 : digits)
  const zeros = exponent - BigInt(digits.length)
  return zeros >= 0n
    ? { numerator: whole * 10n ** zeros, denominator: 1n }
    : { numerator: whole, denominator: 10n ** -zeros }
}
