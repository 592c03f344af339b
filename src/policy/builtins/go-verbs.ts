import { formatFloat } from './go-float.js'
import type { FloatVerb } from './go-float.js'
import type { Flags } from './go-printf.js'
import { canBackquote, isPrintable, quote, quoteCharacter } from './go-quote.js'

/** What Go's package fmt writes for one operand; undefined for a verb that its type does not have. */

export function formatText(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? quoted(text, flags) : padded(truncated(text, flags), flags)
    case 's':
      return padded(truncated(text, flags), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
      return hexadecimal(text, flags)
    case 'X':
      return hexadecimal(text, flags).toUpperCase()
    default:
      return undefined
  }
}

function truncated(text: string, { precision }: Flags): string {
  if (precision === undefined || precision >= text.length) return text
  let end = 0
  for (let n = 0; n < precision && end < text.length; n += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

/** To the width in code points, with zeros only on the left. */
function padded(text: string, flags: Flags): string {
  const missing = (flags.width ?? 0) - lengthOf(text, flags)
  if (missing <= 0) return text
  if (flags.minus) return text + ' '.repeat(missing)
  return (flags.zero ? '0' : ' ').repeat(missing) + text
}

function lengthOf(text: string, { width = 0 }: Flags): number {
  // A text of twice as many units has at least as many code points.
  if (width === 0 || text.length >= width * 2) return text.length
  let pairs = 0
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800) pairs += 1
  }
  return text.length - pairs
}

function quoted(text: string, flags: Flags): string {
  const shown = truncated(text, flags)
  if (flags.sharp && canBackquote(shown)) return padded(`\`${shown}\``, flags)
  return padded(quote(shown, flags.plus), flags)
}

function hexadecimal(text: string, flags: Flags): string {
  const bytes = Buffer.from(text).subarray(0, flags.precision)
  const prefix = flags.sharp ? '0x' : ''
  if (bytes.length === 0) return padded('', flags)
  const digits = bytes.toString('hex')
  const separated = flags.space ? digits.replace(/..(?=.)/g, `$& ${prefix}`) : digits
  return padded(prefix + separated, flags)
}

export function formatInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
    case 'd':
      return integer(value, 10, flags)
    case 'b':
      return integer(value, 2, flags, '0b')
    case 'o':
      return integer(value, 8, flags, '0')
    case 'O':
      return integer(value, 8, flags, '0', '0o')
    case 'x':
      return integer(value, 16, flags, '0x')
    case 'X':
      return integer(value, 16, flags, '0X').toUpperCase()
    case 'c':
      return padded(characterOf(value), flags)
    case 'q':
      return padded(quoteCharacter(characterOf(value), flags.plus), flags)
    case 'U':
      return unicode(BigInt.asUintN(64, value), flags)
    default:
      return undefined
  }
}

function integer(value: bigint, base: number, flags: Flags, sharpPrefix = '', prefix = ''): string {
  const { width = 0, precision } = flags
  const withSpaces = { ...flags, zero: false }
  // Nothing is left of a zero without digits, and its width goes before it whatever the flags say.
  if (precision === 0 && value === 0n) return ' '.repeat(width)
  const sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  const isZeroPadded = precision === undefined && flags.zero && !flags.minus
  const least = isZeroPadded ? width - sign.length : (precision ?? 0)
  const digits = (value < 0n ? -value : value).toString(base).padStart(least, '0')
  const isShown = flags.sharp && !(sharpPrefix === '0' && digits.startsWith('0'))
  return padded(sign + prefix + (isShown ? sharpPrefix : '') + digits, withSpaces)
}

function characterOf(value: bigint): string {
  const isCharacter = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value < 0xe000n)
  return isCharacter ? String.fromCodePoint(Number(value)) : '\ufffd'
}

function unicode(value: bigint, flags: Flags): string {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 0, 4), '0')
  const character = value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : ''
  const shown = flags.sharp && isPrintable(character) ? ` '${character}'` : ''
  return padded(`U+${digits}${shown}`, { ...flags, zero: false })
}

/** Integers of more than 64 bits have rules of their own. */
export function formatBigInteger(value: bigint, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
    case 'd':
    case 's':
      return bigInteger(value, 10, flags)
    case 'b':
      return bigInteger(value, 2, flags, '0b')
    case 'o':
      return bigInteger(value, 8, flags, '0')
    case 'O':
      return bigInteger(value, 8, flags, '', '0o')
    case 'x':
      return bigInteger(value, 16, flags, '0x')
    case 'X':
      return bigInteger(value, 16, flags, '0X').toUpperCase()
    case 'w':
      return `%!w(*big.Int=${words(value)})`
    default:
      return `%!${verb}(big.Int=${value})`
  }
}

function bigInteger(
  value: bigint,
  base: number,
  flags: Flags,
  sharpPrefix = '',
  prefix = '',
): string {
  const { width = 0, precision } = flags
  const sign = value < 0n ? '-' : flags.plus || flags.plusV ? '+' : flags.space ? ' ' : ''
  const before = sign + prefix + (flags.sharp || flags.sharpV ? sharpPrefix : '')
  const digits = (value < 0n ? -value : value).toString(base).padStart(precision ?? 0, '0')
  if (flags.minus) return (before + digits).padEnd(width)
  if (flags.zero && precision === undefined) {
    return before + digits.padStart(width - before.length, '0')
  }
  return (before + digits).padStart(width)
}

/** As Go shows a structure that it does not know how to write: the sign and the digits of base 2^64. */
function words(value: bigint): string {
  const digits: string[] = []
  for (let left = value < 0n ? -value : value; left > 0n; left >>= 64n) {
    digits.push(String(BigInt.asUintN(64, left)))
  }
  return `&{${value < 0n} [${digits.join(' ')}]}`
}

export function formatFloatArgument(value: number, verb: string, flags: Flags): string | undefined {
  const known = floatVerbs.get(verb)
  if (known === undefined) return undefined
  const [written, usualPrecision] = known
  const precision = flags.precision ?? usualPrecision
  const text = formatFloat(value, written, precision)
  const sign = text.startsWith('-') ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  const unsigned = text.replace(/^-/, '')
  const number = flags.sharp && written !== 'b' ? withPoint(unsigned, written, precision) : unsigned
  const width = flags.width ?? 0
  // The sign stands before the zeros, where it shows.
  if (sign !== '' && flags.zero && !flags.minus) return sign + number.padStart(width - 1, '0')
  return padded(sign + number, flags)
}

const floatVerbs: ReadonlyMap<string, readonly [FloatVerb, number | undefined]> = new Map([
  ['v', ['g', undefined]],
  ['b', ['b', undefined]],
  ['g', ['g', undefined]],
  ['G', ['G', undefined]],
  ['x', ['x', undefined]],
  ['X', ['X', undefined]],
  ['e', ['e', 6]],
  ['E', ['E', 6]],
  ['f', ['f', 6]],
  ['F', ['f', 6]],
])

/** `#` wants a point, and for some verbs all digits. */
function withPoint(number: string, verb: FloatVerb, precision: number | undefined): string {
  const [, digits = '', tail = ''] =
    (verb === 'x' || verb === 'X' ? /^([^pP]*)(.*)$/ : /^([^eE]*)(.*)$/).exec(number) ?? []
  const wanted = verb === 'g' || verb === 'G' || verb === 'x' ? (precision ?? 6) : 0
  const hasPoint = digits.includes('.')
  const significant = digits.replace('.', '').replace(/^0+/, '').length
  const zeroDigit = !hasPoint && digits === '0' ? 1 : 0
  const missing = Math.max(wanted - significant - zeroDigit, 0)
  return digits + (hasPoint ? '' : '.') + '0'.repeat(missing) + tail
}
