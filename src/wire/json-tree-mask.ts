import { hash } from 'node:crypto'
import type { MaskStyle } from '../domain/obligation.js'
import { canonicalNumber } from './canonical-number.js'
import { canonicalize } from './canonical.js'
import { decodeLiteral } from './json-tree-scan.js'

/** The JSON text that stands for a masked value; `spelling` is its valid JSON text. */
export function maskedValue(style: MaskStyle, spelling: string): string {
  switch (style.type) {
    case 'text':
      return JSON.stringify(style.text)
    case 'partial':
      return JSON.stringify(partOf(shownText(spelling), style.keep))
    case 'hash':
      return JSON.stringify(`sha256:${digestOf(style.salt, spelling)}`)
    case 'email':
      return JSON.stringify(addressOf(shownText(spelling)))
    case 'preserve_type':
      return emptyLike(spelling)
  }
}

/**
 * Below zero where `one` shows less of a value than `other`. A fixed text tells nothing, unless policy computed it of
 * the value: then its digits tell more than its letters, and those more than the rest.
 */
export function compareShown(one: MaskStyle, other: MaskStyle): number {
  return shownBy(one) - shownBy(other) || compareAlike(one, other)
}

/** What stands for a value whole where its style has nothing of it to show. */
const whole = '****'

/** Of a string or number its characters; undefined for any other value. */
function shownText(spelling: string): string | undefined {
  if (spelling.startsWith('"')) return decodeLiteral(spelling)
  return /^[-0-9]/.test(spelling) ? spelling : undefined
}

function partOf(text: string | undefined, keep: number): string {
  if (text === undefined) return whole
  const shown = lastCharacters(text, keep)
  if (shown === undefined) return whole
  const hidden = text.slice(0, text.length - shown.length)
  return '*'.repeat(countCharacters(hidden)) + shown
}

/** Undefined where the text has no more than these. What readers see as one character stays whole. */
function lastCharacters(text: string, count: number): string | undefined {
  if (text.length <= count) return undefined
  const tail = text.slice(text.length - count - 1)
  if (isPlain.test(tail)) return tail.slice(1)
  const window = text.slice(-longestCharacter * (count + 1))
  const characters = [...segmenter.segment(window)].map(({ segment }) => segment)
  // the first may have been cut
  return characters.length > count
    ? characters.slice(characters.length - count).join('')
    : undefined
}

const isPlain = /^[\x20-\x7e]*$/
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** UTF-16 units of what is still looked at as one character. */
const longestCharacter = 32

function countCharacters(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += 1) {
    const isSecondHalf = (text.charCodeAt(at) & 0xfc00) === 0xdc00
    if (!isSecondHalf) count += 1
  }
  return count
}

/** Strings count as their text, numbers as their exact value, the rest in its canonical form (RFC 8785). */
function digestOf(salt: string, spelling: string): string {
  return hash('sha256', salt + canonicalText(spelling), 'hex').slice(0, 16)
}

function canonicalText(spelling: string): string {
  if (spelling.startsWith('"')) return decodeLiteral(spelling)
  if (/^[-0-9]/.test(spelling)) return canonicalNumber(spelling)
  return /^[{[]/.test(spelling) ? canonicalContainer(spelling) : spelling
}

/** JSON inside strings may be nested deeper than a canonical form is made of: it then stands as it is spelled. */
function canonicalContainer(spelling: string): string {
  try {
    return canonicalize(Buffer.from(spelling))
  } catch (thrown) {
    if (thrown instanceof RangeError) return spelling
    throw thrown
  }
}

function addressOf(text: string | undefined): string {
  const [, first, rest, domain] = address.exec(text ?? '') ?? []
  if (first === undefined || rest === undefined || domain === undefined) return whole
  return `${rest === '' ? '' : first}***@${domain}`
}

/** At most as long as RFC 5321 allows, so that nothing is searched for long. */
const address =
  /^([\w.!#$%&'*+/=?^`{|}~-])([\w.!#$%&'*+/=?^`{|}~-]{0,63})@((?:[\w-]{1,63}\.){1,8}[\w-]{1,63})$/u

function emptyLike(spelling: string): string {
  if (spelling.startsWith('"')) return '""'
  if (spelling.startsWith('{')) return '{}'
  if (spelling.startsWith('[')) return '[]'
  if (spelling === 'null') return spelling
  return spelling === 'true' || spelling === 'false' ? 'false' : '0'
}

const shownByType = { text: 0, preserve_type: 0, hash: 1, partial: 2, email: 3 } as const

function shownBy({ type }: MaskStyle): number {
  return shownByType[type]
}

function compareAlike(one: MaskStyle, other: MaskStyle): number {
  if (one.type === 'partial' && other.type === 'partial') return one.keep - other.keep
  if (one.type === 'hash' && other.type === 'hash') return compareBytes(one.salt, other.salt)
  const [left, right] = [fixedText(one), fixedText(other)]
  return (
    countOf(left, digits) - countOf(right, digits) ||
    countOf(left, letters) - countOf(right, letters) ||
    Number(one.type === 'preserve_type') - Number(other.type === 'preserve_type') ||
    left.length - right.length ||
    compareBytes(left, right)
  )
}

function fixedText(style: MaskStyle): string {
  return style.type === 'text' ? style.text : ''
}

const digits = /\p{N}/gu
const letters = /\p{L}/gu

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
