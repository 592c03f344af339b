import { scientific } from '../rego-number.js'
import type { CelValue } from './engine.js'
import { spendReading } from './meter.js'
import { largestUint, wholeNumber } from './whole-number.js'

/** Whole numbers stay whole, `1.0` and `1e3` included. */
export function readNumber(written: string): CelValue {
  const double = Number(written)
  if (written.length <= 15 && /^-?\d+$/.test(written)) return BigInt(double)
  spendReading(written.length * 8)
  if (!Number.isInteger(double) || Math.abs(double) > Number(largestUint)) return double
  const { sign, digits, exponent } = scientific(written)
  const isWhole = exponent >= BigInt(digits.length) && exponent <= mostDigits
  if (!isWhole) return double
  const exact = BigInt(digits.padEnd(Number(exponent), '0') || '0')
  return exact > largestUint ? double : wholeNumber(BigInt(sign) * exact, double)
}

// Those of 2^64.
const mostDigits = 20n
