import { isRegoNumber, scientific, textOfNumber } from '../rego-number.js'
import { isRegoArray } from '../rego-text.js'
import type { RegoNumber, RegoValue } from '../rego-value.js'
import { isComposite } from './json-value.js'

/** A text that equal values have in common and others do not; each set and object in it is sorted once. */
export function canonicalText(value: RegoValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (isRegoNumber(value)) return canonicalNumber(value)
  if (!isComposite(value)) return String(value)
  if (isRegoArray(value)) return `[${value.map(canonicalText).join()}]`
  if (value.type === 'set') return `<${value.members.map(canonicalText).sort().join()}>`
  return `{${value.entries.map(canonicalEntry).sort().join()}}`
}

function canonicalEntry([key, held]: readonly [RegoValue, RegoValue]): string {
  return `${canonicalText(key)}:${canonicalText(held)}`
}

function canonicalNumber(number: RegoNumber): string {
  const text = textOfNumber(number)
  if (typeof number === 'bigint' && text.length <= longestWritten) return text
  const { sign, digits, exponent } = scientific(text)
  const zeros = Number(exponent) - digits.length
  if (sign === 0) return '0'
  const minus = sign < 0 ? '-' : ''
  const isWritten = zeros >= 0 && exponent <= longestWritten
  return isWritten ? minus + digits + '0'.repeat(zeros) : `${minus}0.${digits}e${exponent}`
}

/** Digits of a whole number that is written out: a few characters can stand for thousands. */
const longestWritten = 40
