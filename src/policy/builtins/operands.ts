import { isRegoNumber, scientific, textOfNumber } from '../rego-number.js'
import { isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'

/** Reads an argument as one type: undefined where it is another, and then the call is undefined too. */

export function asText(value: RegoValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/**
 * A whole number of 64 bits, as OPA takes one for a count or an index: `1.0` is one, `1e2` is not. Past 2^53 it is the
 * nearest number that JavaScript has.
 */
export function asInteger(value: RegoValue | undefined): number | undefined {
  const exact = asInt64(value)
  return exact === undefined ? undefined : Number(exact)
}

export function asInt64(value: RegoValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined
  if (!isRegoNumber(value)) return undefined
  const [, digits] = zeroFraction.exec(value.text) ?? []
  return digits === undefined ? undefined : asInt64(BigInt(digits))
}

// OPA reads up to 19 characters besides the sign, the point among them.
const zeroFraction = /^(?=-?[\d.]{1,19}$)(-?\d+)\.0*$/

/** A whole number however it is written: `1e2` is one. */
export function asWhole(value: RegoValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (!isRegoNumber(value)) return undefined
  const { sign, digits, exponent } = scientific(textOfNumber(value))
  const zeros = exponent - BigInt(digits.length)
  if (sign === 0) return 0n
  if (zeros < 0n || exponent > largestExponent) return undefined
  return BigInt(sign) * BigInt(digits + '0'.repeat(Number(zeros)))
}

// OPA knows no numbers past 2^100000.
const largestExponent = 30_103n

/** The texts of an array or a set. */
export function asTexts(value: RegoValue | undefined): readonly string[] | undefined {
  const members = membersOf(value)
  return members?.every((member) => typeof member === 'string') === true ? members : undefined
}

export function membersOf(value: RegoValue | undefined): readonly RegoValue[] | undefined {
  if (isRegoArray(value)) return value
  const isSet =
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'set'
  return isSet ? value.members : undefined
}
