/** The verbs of Go's package fmt that write a float. */
export type FloatVerb = 'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X'

/** As `strconv.FormatFloat` of Go writes it; without a precision, in the fewest digits that tell it from all others. */
export function formatFloat(value: number, verb: FloatVerb, precision: number | undefined): string {
  const sign = isNegative(value) ? '-' : ''
  const size = Math.abs(value)
  switch (verb) {
    case 'b':
      return sign + binary(size)
    case 'x':
      return sign + hexadecimal(size, precision)
    case 'X':
      return sign + hexadecimal(size, precision).toUpperCase()
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return sign + decimal(size, verb, precision)
  }
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0)
}

/** Mantissa and exponent: the number is `mantissa` × 2^`exponent`. */
function bitsOf(size: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, size)
  const bits = view.getBigUint64(0)
  const fraction = bits & ((1n << 52n) - 1n)
  const scale = Number(bits >> 52n)
  return scale === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: scale - 1075 }
}

function binary(size: number): string {
  const { mantissa, exponent } = bitsOf(size)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

function hexadecimal(size: number, precision: number | undefined): string {
  let { mantissa, exponent } = bitsOf(size)
  if (mantissa === 0n) return `0x0${zeros(precision)}p+00`
  // The leading bit stands before the point, 15 digits behind it.
  exponent += 60
  while (mantissa >> 60n === 0n) {
    mantissa <<= 1n
    exponent -= 1
  }
  if (precision !== undefined && precision < 15) {
    const dropped = BigInt(60 - precision * 4)
    const rest = mantissa & ((1n << dropped) - 1n)
    const half = 1n << (dropped - 1n)
    mantissa >>= dropped
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n
    mantissa <<= dropped
    if (mantissa >> 61n === 1n) {
      mantissa >>= 1n
      exponent += 1
    }
  }
  const digits = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0')
  const fraction =
    precision === undefined
      ? digits.replace(/0+$/, '')
      : digits.slice(0, precision).padEnd(precision, '0')
  return `0x1${fraction === '' ? '' : `.${fraction}`}p${exponentText(exponent)}`
}

function zeros(precision: number | undefined): string {
  return precision === undefined || precision === 0 ? '' : `.${'0'.repeat(precision)}`
}

function exponentText(exponent: number): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0')
}

/** 0.`digits` × 10^`point`, without zeros at the end. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

function decimal(
  size: number,
  verb: 'e' | 'E' | 'f' | 'g' | 'G',
  precision: number | undefined,
): string {
  const number = precision === undefined ? shortest(size) : rounded(size, verb, precision)
  const { digits, point } = number
  if (verb === 'f') return fixed(number, precision ?? Math.max(digits.length - point, 0))
  if (verb === 'e' || verb === 'E') {
    return scientific(number, verb, precision ?? Math.max(digits.length - 1, 0))
  }
  if (isScientific(number, precision)) {
    const kept = Math.min(precision ?? digits.length, digits.length)
    return scientific(number, verb === 'g' ? 'e' : 'E', Math.max(kept - 1, 0))
  }
  return fixed(number, Math.max(digits.length - point, 0))
}

function isScientific({ digits, point }: Decimal, precision: number | undefined): boolean {
  return point - 1 < -4 || point - 1 >= highestPoint({ digits, point }, precision)
}

/** The fewest digits count as six, whatever their number. */
function highestPoint({ digits, point }: Decimal, precision: number | undefined): number {
  if (precision === undefined) return 6
  const wanted = Math.max(precision, 1)
  return wanted > digits.length && digits.length >= point ? digits.length : wanted
}

function shortest(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 }
  const [mantissa = '', power = ''] = size.toExponential().split('e')
  return { digits: mantissa.replace('.', ''), point: Number(power) + 1 }
}

function rounded(size: number, verb: 'e' | 'E' | 'f' | 'g' | 'G', precision: number): Decimal {
  const exact = exactly(size)
  switch (verb) {
    case 'e':
    case 'E':
      return roundTo(exact, precision + 1)
    case 'f':
      return roundTo(exact, exact.point + precision)
    case 'g':
    case 'G':
      return roundTo(exact, Math.max(precision, 1))
  }
}

function exactly(size: number): Decimal {
  const { mantissa, exponent } = bitsOf(size)
  if (mantissa === 0n) return { digits: '', point: 0 }
  const written = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const digits = written.toString()
  return { digits: digits.replace(/0+$/, ''), point: digits.length + Math.min(exponent, 0) }
}

/** Half to even, which an exact half is; what is left of a number may be nothing. */
function roundTo({ digits, point }: Decimal, kept: number): Decimal {
  if (kept >= digits.length) return { digits, point }
  if (kept < 0) return { digits: '', point: 0 }
  const head = digits.slice(0, kept)
  const next = digits.charCodeAt(kept) - zero
  const isHalf = next === 5 && digits.length === kept + 1
  const isOdd = kept > 0 && (digits.charCodeAt(kept - 1) - zero) % 2 === 1
  const isUp = isHalf ? isOdd : next >= 5
  if (!isUp) return trimmed(head, point)
  const raised = (BigInt(`0${head}`) + 1n).toString().padStart(kept, '0')
  return trimmed(raised, point + raised.length - kept)
}

const zero = 0x30

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, '')
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point }
}

function fixed({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (precision === 0) return whole
  const fraction =
    '0'.repeat(Math.min(Math.max(-point, 0), precision)) + digits.slice(Math.max(point, 0))
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`
}

function scientific({ digits, point }: Decimal, letter: 'e' | 'E', precision: number): string {
  const first = digits[0] ?? '0'
  const fraction = digits.slice(1, precision + 1).padEnd(precision, '0')
  const exponent = digits === '' ? 0 : point - 1
  return `${first}${fraction === '' ? '' : `.${fraction}`}${letter}${exponentText(exponent)}`
}
