import { opened, type ArrayNode, type JsonNode, type ObjectNode } from './json-tree.js'
import { decodeLiteral } from './json-tree-scan.js'

/**
 * Compares as RFC 6902 `test` does: members in any order, numbers by their exact value (`1e2` is
 * `100`, a double is not rounded to).
 */
export function isSameJson(one: JsonNode, other: JsonNode): boolean {
  const left = opened(one)
  const right = opened(other)
  if (left.form === 'object') return right.form === 'object' && haveSameMembers(left, right)
  if (left.form === 'array') return right.form === 'array' && haveSameItems(left, right)
  return right.form === 'verbatim' && isSameScalar(left.text, right.text)
}

function haveSameMembers(left: ObjectNode, right: ObjectNode): boolean {
  if (left.members.length !== right.members.length) return false
  const values = new Map(right.members.map(({ key, value }) => [key, value]))
  return left.members.every(({ key, value }) => {
    const other = values.get(key)
    return other !== undefined && isSameJson(value, other)
  })
}

function haveSameItems(left: ArrayNode, right: ArrayNode): boolean {
  if (left.items.length !== right.items.length) return false
  return left.items.every(({ value }, index) => {
    const other = right.items[index]
    return other !== undefined && isSameJson(value, other.value)
  })
}

function isSameScalar(left: string, right: string): boolean {
  if (left === right) return true
  if (left.startsWith('"'))
    return right.startsWith('"') && decodeLiteral(left) === decodeLiteral(right)
  const number = decimalOf(left)
  const other = decimalOf(right)
  if (number === undefined || other === undefined) return false
  return number.digits === other.digits && number.power === other.power
}

/**
 * The number `0.digits × 10^power`; `digits` carry the sign and no zeros at either end, and are
 * empty for zero.
 */
interface Decimal {
  readonly digits: string
  readonly power: number
}

/**
 * Undefined for what is no number, and where the exponent is beyond exact counting: such numbers
 * equal only their own spelling.
 */
function decimalOf(literal: string): Decimal | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d{0,15}))?$/.exec(literal)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponent = ''] = match
  const digits = withoutLastZeros((whole + fraction).replace(/^0+/, ''))
  if (digits === '') return { digits, power: 0 }
  const firstDigit = (whole + fraction).search(/[1-9]/)
  return {
    digits: sign + digits,
    power: whole.length - firstDigit + Number(`${exponentSign}${exponent || '0'}`),
  }
}

/** A loop, because `/0+$/` takes quadratic time on zeros that are not at the end. */
function withoutLastZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
