import { compareNumbers, isRegoNumber, numberOf, textOfNumber } from './rego-number.js'
import type { RegoArray, RegoObject, RegoSet, RegoValue } from './rego-value.js'

/** Levels of arrays, objects and sets that a value may have. */
export const deepestValue = 1000

/**
 * Reads a value as the module writes it: JSON, with sets as `{1, 2}` and `set()`, and keys of any kind.
 * @throws SyntaxError where the text is something else, or nested too deep
 */
export function parseRego(text: string): RegoValue {
  const cursor: Cursor = { text, at: 0, depth: 0 }
  const value = readValue(cursor)
  skipSpace(cursor)
  if (cursor.at !== text.length) throw fault(cursor)
  return value
}

interface Cursor {
  readonly text: string
  at: number
  depth: number
}

function readValue(cursor: Cursor): RegoValue {
  skipSpace(cursor)
  switch (cursor.text[cursor.at]) {
    case undefined:
      throw fault(cursor)
    case '"':
      return readString(cursor)
    case '[':
      return nested(cursor, readArray)
    case '{':
      return nested(cursor, readBraces)
    case 's':
      return readWord(cursor, 'set()', { type: 'set', members: [] })
    case 'n':
      return readWord(cursor, 'null', null)
    case 't':
      return readWord(cursor, 'true', true)
    case 'f':
      return readWord(cursor, 'false', false)
    default:
      return readNumber(cursor)
  }
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    cursor.at += 1
  }
}

function fault({ text, at }: Cursor): SyntaxError {
  return new SyntaxError(at < text.length ? `unexpected character at ${at}` : 'unexpected end')
}

function readString(cursor: Cursor): string {
  const start = cursor.at
  let end = cursor.text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(cursor.text, end)) end = cursor.text.indexOf('"', end + 1)
  if (end === -1) throw new SyntaxError('unexpected end')
  cursor.at = end + 1
  const written = cursor.text.slice(start, end + 1)
  return written.includes('\\') ? String(JSON.parse(written)) : written.slice(1, -1)
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes += 1
  return backslashes % 2 === 1
}

function nested(cursor: Cursor, read: (cursor: Cursor) => RegoValue): RegoValue {
  if (cursor.depth === deepestValue) throw new SyntaxError(`nested deeper than ${deepestValue}`)
  cursor.depth += 1
  cursor.at += 1
  const value = read(cursor)
  cursor.depth -= 1
  return value
}

function readArray(cursor: Cursor): RegoArray {
  const elements: RegoValue[] = []
  if (accepts(cursor, ']')) return elements
  do elements.push(readValue(cursor))
  while (accepts(cursor, ','))
  expect(cursor, ']')
  return elements
}

/** An object or a set, which the first colon tells apart. */
function readBraces(cursor: Cursor): RegoObject | RegoSet {
  if (accepts(cursor, '}')) return { type: 'object', entries: [] }
  const first = readValue(cursor)
  return accepts(cursor, ':') ? readObject(cursor, first) : readSet(cursor, first)
}

function readObject(cursor: Cursor, firstKey: RegoValue): RegoObject {
  const entries: (readonly [RegoValue, RegoValue])[] = [[firstKey, readValue(cursor)]]
  while (accepts(cursor, ',')) {
    const key = readValue(cursor)
    expect(cursor, ':')
    entries.push([key, readValue(cursor)])
  }
  expect(cursor, '}')
  return { type: 'object', entries }
}

function readSet(cursor: Cursor, first: RegoValue): RegoSet {
  const members = [first]
  while (accepts(cursor, ',')) members.push(readValue(cursor))
  expect(cursor, '}')
  return { type: 'set', members }
}

function accepts(cursor: Cursor, character: string): boolean {
  skipSpace(cursor)
  if (cursor.text[cursor.at] !== character) return false
  cursor.at += 1
  return true
}

function expect(cursor: Cursor, character: string): void {
  if (!accepts(cursor, character)) throw fault(cursor)
}

function readWord(cursor: Cursor, word: string, value: RegoValue): RegoValue {
  if (!cursor.text.startsWith(word, cursor.at)) throw fault(cursor)
  cursor.at += word.length
  return value
}

function readNumber(cursor: Cursor): RegoValue {
  writtenNumber.lastIndex = cursor.at
  const [written] = writtenNumber.exec(cursor.text) ?? []
  if (written === undefined) throw fault(cursor)
  cursor.at += written.length
  return numberOf(written)
}

// The module's own reader takes a point without a fraction.
const writtenNumber = /-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/y

/** Writes a value as the module reads it; half of a surrogate pair, which would end the module, becomes U+FFFD. */
export function printRego(value: RegoValue): string {
  if (typeof value === 'string') return JSON.stringify(wellFormed(value))
  const out: string[] = []
  print(value, out)
  return out.join('')
}

/** All pieces go into one list: what is joined on each level is copied on each level. */
function print(value: RegoValue, out: string[]): void {
  if (typeof value === 'string') out.push(JSON.stringify(wellFormed(value)))
  else if (value === null || typeof value === 'boolean') out.push(String(value))
  else if (isRegoNumber(value)) out.push(textOfNumber(value))
  else if (isRegoArray(value)) printAll(value, '[', ']', out)
  else if (value.type === 'object') printEntries(value, out)
  else if (value.members.length === 0) out.push('set()')
  else printAll(value.members, '{', '}', out)
}

function printAll(values: readonly RegoValue[], open: string, close: string, out: string[]): void {
  out.push(open)
  for (const [at, value] of values.entries()) {
    if (at > 0) out.push(',')
    print(value, out)
  }
  out.push(close)
}

function printEntries({ entries }: RegoObject, out: string[]): void {
  out.push('{')
  for (const [at, [key, held]] of entries.entries()) {
    if (at > 0) out.push(',')
    print(key, out)
    out.push(':')
    print(held, out)
  }
  out.push('}')
}

function wellFormed(text: string): string {
  return text.replace(loneSurrogate, '\ufffd')
}

const loneSurrogate = /\p{Surrogate}/gu

/** `Array.isArray`, which does not know arrays that are read-only. */
export function isRegoArray(value: RegoValue | undefined): value is RegoArray {
  return Array.isArray(value)
}

/** The order of all values in which OPA sorts: null, booleans, numbers, strings by code point, arrays, objects, sets. */
export function compareRego(a: RegoValue, b: RegoValue): number {
  if (a === b) return 0
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (isRegoNumber(a) && isRegoNumber(b)) return compareNumbers(a, b)
  const order = rank(a) - rank(b)
  if (order !== 0) return order
  if (typeof a === 'boolean') return a ? 1 : -1
  return compareLists(orderedParts(a), orderedParts(b))
}

export function equalRego(a: RegoValue, b: RegoValue): boolean {
  return compareRego(a, b) === 0
}

/** In the order of the bytes of UTF-8, which is that of code points and not that of JavaScript. */
export function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at += 1) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return inCodePointOrder(left) - inCodePointOrder(right)
  }
  return a.length - b.length
}

// Surrogates stand for code points behind all that one unit can hold.
function inCodePointOrder(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function rank(value: RegoValue): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return 1
  if (isRegoNumber(value)) return 2
  if (typeof value === 'string') return 3
  if (isRegoArray(value)) return 4
  return value.type === 'object' ? 5 : 6
}

function orderedParts(value: RegoValue): readonly RegoValue[] {
  if (isRegoArray(value)) return value
  if (typeof value !== 'object' || value === null) return []
  if (value.type === 'set') return sorted(value.members)
  return value.type === 'object' ? sortedEntries(value).flat() : []
}

function compareLists(a: readonly RegoValue[], b: readonly RegoValue[]): number {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at += 1) {
    const order = compareRego(a[at] ?? null, b[at] ?? null)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** The values in OPA's order, as a set shows them. */
export function sorted(values: readonly RegoValue[]): readonly RegoValue[] {
  return values.toSorted(compareRego)
}

/** The entries in OPA's order of their keys. */
export function sortedEntries({ entries }: RegoObject): RegoObject['entries'] {
  return entries.toSorted(([a], [b]) => compareRego(a, b))
}
