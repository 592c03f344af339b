import { JsonFault } from './json-fault.js'

export const quote = 0x22
export const backslash = 0x5c

const minus = 0x2d
const plus = 0x2b
const point = 0x2e
const zero = 0x30
const nine = 0x39

/** 1 for each byte that cannot stand in a string for itself. */
const specialBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? 1 : 0,
)

/** The byte at `at`, or -1 past the end of the text. */
export function byteAt(text: Uint8Array, at: number): number {
  return at < text.length ? (text[at] as number) : -1
}

/** The first place from `at` on that is not white space (RFC 8259 section 2). */
export function afterSpace(text: Uint8Array, at: number): number {
  let here = at
  let byte = byteAt(text, here)
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
    here += 1
    byte = byteAt(text, here)
  }
  return here
}

export interface StringFacts {
  /** False once a string with a surrogate that has no partner was met. */
  wellFormed: boolean
}

/**
 * The end of the string whose rest begins at `at`: behind its closing quote.
 * @throws JsonFault `syntax`
 */
export function endOfString(text: Uint8Array, at: number, facts: StringFacts): number {
  let here = at
  for (;;) {
    here = afterPlainBytes(text, here)
    const byte = byteAt(text, here)
    if (byte === quote) return here + 1
    if (byte !== backslash) throw unexpected(text, here)
    here = endOfEscape(text, here, facts)
  }
}

/** The first place from `at` on that needs a closer look; four bytes a turn, as long texts are mostly these. */
function afterPlainBytes(text: Uint8Array, at: number): number {
  const lastFour = text.length - 4
  let here = at
  while (here <= lastFour) {
    if (isSpecial(text, here) !== 0) return here
    if (isSpecial(text, here + 1) !== 0) return here + 1
    if (isSpecial(text, here + 2) !== 0) return here + 2
    if (isSpecial(text, here + 3) !== 0) return here + 3
    here += 4
  }
  while (here < text.length && isSpecial(text, here) === 0) here += 1
  return here
}

function isSpecial(text: Uint8Array, at: number): number {
  return specialBytes[text[at] as number] as number
}

function endOfEscape(text: Uint8Array, at: number, facts: StringFacts): number {
  if (byteAt(text, at + 1) !== 0x75) {
    if (isShortEscape(byteAt(text, at + 1))) return at + 2
    throw unexpected(text, at + 1)
  }
  const unit = codeUnit(text, at + 2)
  if (unit < 0xd800 || unit > 0xdfff) return at + 6
  if (unit < 0xdc00 && lowSurrogateStands(text, at + 6)) return at + 12
  facts.wellFormed = false
  return at + 6
}

function isShortEscape(byte: number): boolean {
  switch (byte) {
    case quote:
    case backslash:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return true
    default:
      return false
  }
}

function lowSurrogateStands(text: Uint8Array, at: number): boolean {
  if (byteAt(text, at) !== backslash || byteAt(text, at + 1) !== 0x75) return false
  const unit = codeUnit(text, at + 2)
  return unit >= 0xdc00 && unit <= 0xdfff
}

function codeUnit(text: Uint8Array, at: number): number {
  let unit = 0
  for (let here = at; here < at + 4; here += 1) unit = unit * 16 + hexDigit(text, here)
  return unit
}

function hexDigit(text: Uint8Array, at: number): number {
  const byte = byteAt(text, at)
  if (isDigit(byte)) return byte - zero
  const letter = byte | 0x20
  if (letter >= 0x61 && letter <= 0x66) return letter - 0x61 + 10
  throw unexpected(text, at)
}

/**
 * The end of the number that begins at `at`.
 * @throws JsonFault `syntax`
 */
export function endOfNumber(text: Uint8Array, at: number): number {
  let here = byteAt(text, at) === minus ? at + 1 : at
  here = byteAt(text, here) === zero ? here + 1 : endOfDigits(text, here)
  if (byteAt(text, here) === point) here = endOfDigits(text, here + 1)
  if ((byteAt(text, here) | 0x20) !== 0x65) return here
  const sign = byteAt(text, here + 1)
  return endOfDigits(text, sign === plus || sign === minus ? here + 2 : here + 1)
}

function endOfDigits(text: Uint8Array, at: number): number {
  if (!isDigit(byteAt(text, at))) throw unexpected(text, at)
  let here = at + 1
  while (isDigit(byteAt(text, here))) here += 1
  return here
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

/**
 * The end of `literal`, whose first letter stands at `at`.
 * @throws JsonFault `syntax`
 */
export function endOfLiteral(
  text: Uint8Array,
  at: number,
  literal: 'true' | 'false' | 'null',
): number {
  for (let i = 1; i < literal.length; i += 1) {
    if (byteAt(text, at + i) !== literal.charCodeAt(i)) throw unexpected(text, at + i)
  }
  return at + literal.length
}

export function unexpected(text: Uint8Array, at: number): JsonFault {
  if (at >= text.length) return new JsonFault('syntax', text.length, 'The JSON text ends too early')
  return new JsonFault('syntax', at, `Not JSON: unexpected ${describe(byteAt(text, at))}`)
}

function describe(byte: number): string {
  const printable = byte > 0x20 && byte < 0x7f
  return printable
    ? `'${String.fromCharCode(byte)}'`
    : `byte 0x${byte.toString(16).padStart(2, '0')}`
}
