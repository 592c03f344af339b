/**
 * A JSON number in the one form that it has in canonical text: as ECMAScript prints the double where that is
 * equal to the literal, else with all the literal's significant digits in the same format. Nothing is expanded
 * beyond the digits of the literal and 21 zeros.
 */
export function canonicalNumber(literal: string): string {
  const double = Number(literal)
  if (isExactAsDouble(literal)) return String(double)
  const exact = decimalOf(literal)
  if (exact === undefined) return literal
  if (exact.digits === '') return '0'
  const shortest = String(double)
  return Number.isFinite(double) && isSame(exact, decimalOf(shortest)) ? shortest : print(exact)
}

/** The number 0.DIGITS times ten to the power of `point`; no digits stand for zero. */
interface Decimal {
  readonly sign: '' | '-'
  /** Without zeros at either end. */
  readonly digits: string
  readonly point: bigint
}

/** Fifteen digits without an exponent survive the way through a double. */
function isExactAsDouble(literal: string): boolean {
  return literal.length <= 15 && !literal.includes('e') && !literal.includes('E')
}

// Converting a longer one is slow enough to be an attack, and no reader of JSON knows such a number.
const longestExponent = 1000

/** Undefined where the exponent is too long to calculate with: the literal then stands for itself. */
function decimalOf(literal: string): Decimal | undefined {
  const sign = literal.startsWith('-') ? '-' : ''
  const [mantissa = '', exponent = '0'] = literal.slice(sign.length).toLowerCase().split('e')
  if (exponent.length > longestExponent) return undefined
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  const first = all.search(/[1-9]/)
  if (first === -1) return { sign, digits: '', point: 0n }
  return {
    sign,
    digits: all.slice(first, endOfSignificant(all)),
    point: BigInt(exponent) + BigInt(whole.length - first),
  }
}

function endOfSignificant(digits: string): number {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return end
}

function isSame(a: Decimal, b: Decimal | undefined): boolean {
  return a.sign === b?.sign && a.digits === b.digits && a.point === b.point
}

/** ECMAScript Number::toString, for any number of digits. */
function print({ sign, digits, point }: Decimal): string {
  if (point > 21n || point < -5n) return sign + printWithExponent(digits, point - 1n)
  const place = Number(point)
  if (place <= 0) return `${sign}0.${'0'.repeat(-place)}${digits}`
  if (digits.length <= place) return sign + digits.padEnd(place, '0')
  return `${sign}${digits.slice(0, place)}.${digits.slice(place)}`
}

function printWithExponent(digits: string, exponent: bigint): string {
  const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`
  return `${mantissa}e${exponent < 0n ? '' : '+'}${exponent}`
}
