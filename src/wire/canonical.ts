import { hash } from 'node:crypto'
import type { Span } from '../domain/json.js'
import { canonicalNumber } from './canonical-number.js'

/**
 * The RFC 8785 form of a checked JSON text, or of the value at `span` of one. Beyond the RFC: a number that a
 * double cannot hold keeps its exact digits, and a surrogate without its partner is written `\udXXX`.
 */
export function canonicalize(text: Buffer, span?: Span): string {
  return readValue({ source: text.toString('utf8', span?.start, span?.end), at: 0, nextEscape: -1 })
}

/** SHA-256, hex, of the canonical form; `undefined` stands for an object without members. */
export function canonicalDigest(text: Buffer | undefined, span?: Span): string {
  return hash('sha256', text === undefined ? '{}' : canonicalize(text, span), 'hex')
}

/** A text that is read from front to back. */
interface Reading {
  readonly source: string
  at: number
  /** The first escape that is not before `at`, as far as it was looked for. */
  nextEscape: number
}

interface Entry {
  readonly name: string
  readonly text: string
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const endOfText = -1

/** The canonical text of the next value. Recursion is bounded: a checked text has a greatest depth. */
function readValue(reading: Reading): string {
  switch (nextCode(reading)) {
    case quote:
      return readString(reading)
    case openBrace:
      return readObject(reading)
    case openBracket:
      return readArray(reading)
    case 0x74: // t
    case 0x6e: // n
      return take(reading, 4)
    case 0x66: // f
      return take(reading, 5)
    default:
      return readNumber(reading)
  }
}

/** The next code unit that is not white space; it is not consumed. */
function nextCode(reading: Reading): number {
  let code = codeAt(reading, reading.at)
  while (code <= 0x20 && code !== endOfText) {
    reading.at += 1
    code = codeAt(reading, reading.at)
  }
  return code
}

function codeAt({ source }: Reading, at: number): number {
  return at < source.length ? source.charCodeAt(at) : endOfText
}

function take(reading: Reading, length: number): string {
  const start = reading.at
  reading.at += length
  return reading.source.slice(start, reading.at)
}

/** A literal without escapes is canonical as it stands. */
function readString(reading: Reading): string {
  const { source, at: start } = reading
  if (reading.nextEscape < start) reading.nextEscape = placeOf('\\', source, start)
  const end = placeOf('"', source, start + 1)
  if (end < reading.nextEscape) return take(reading, end + 1 - start)
  const literal = take(reading, endOfEscaped(source, reading.nextEscape) - start)
  return JSON.stringify(JSON.parse(literal))
}

function placeOf(char: string, source: string, from: number): number {
  const place = source.indexOf(char, from)
  return place === -1 ? source.length : place
}

/** The end of the string whose first escape is at `at`. */
function endOfEscaped(source: string, at: number): number {
  let here = at
  while (here < source.length) {
    const code = source.charCodeAt(here)
    if (code === quote) return here + 1
    here += code === backslash ? 2 : 1
  }
  return here
}

/** Members in the order of their names' UTF-16 code units, which is how JavaScript compares strings. */
function readObject(reading: Reading): string {
  const entries: Entry[] = []
  reading.at += 1
  while (nextCode(reading) === quote) {
    entries.push(readEntry(reading))
    if (nextCode(reading) === comma) reading.at += 1
  }
  reading.at += 1
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  // Joined by `+`: V8 then copies the text once at the end, however deep it is nested.
  let text = '{'
  for (const entry of entries) text += text.length === 1 ? entry.text : `,${entry.text}`
  return `${text}}`
}

function readEntry(reading: Reading): Entry {
  const key = readString(reading)
  const name = key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1)
  nextCode(reading)
  reading.at += 1
  return { name, text: `${key}:${readValue(reading)}` }
}

function readArray(reading: Reading): string {
  let text = '['
  reading.at += 1
  while (nextCode(reading) !== closeBracket) {
    const item = readValue(reading)
    text += text.length === 1 ? item : `,${item}`
    if (nextCode(reading) === comma) reading.at += 1
  }
  reading.at += 1
  return `${text}]`
}

function readNumber(reading: Reading): string {
  const start = reading.at
  let end = start
  while (isNumberCode(codeAt(reading, end))) end += 1
  if (end === start) throw new Error('Only a checked JSON text has a canonical form')
  return canonicalNumber(take(reading, end - start))
}

/** One of `0`-`9`, `+`, `-`, `.`, `e`, `E`: what a number of a checked text consists of. */
function isNumberCode(code: number): boolean {
  if (code >= 0x30 && code <= 0x39) return true
  return code === 0x2b || code === 0x2d || code === 0x2e || code === 0x65 || code === 0x45
}
