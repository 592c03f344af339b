import { isUtf8 } from 'node:buffer'
import type { Span } from '../domain/json.js'
import type { Member, Members, Shape } from '../domain/message.js'
import { JsonFault } from './json-fault.js'
import { maxDepth, noKeys, showKey } from './json-keys.js'
import {
  afterSpace,
  byteAt,
  endOfLiteral,
  endOfNumber,
  endOfString,
  quote,
  type StringFacts,
  unexpected,
} from './json-tokens.js'

export { JsonFault } from './json-fault.js'
export { maxDepth } from './json-keys.js'

/** What one pass over a JSON text found out. The text holds one value that every parser reads alike. */
export interface ScannedText {
  readonly shape: Shape
  /** The value without the white space around it. */
  readonly value: Span
  /** The members of the top-level object; empty for any other shape. */
  readonly members: Members
  /** False where a string or key holds a surrogate escape without its partner. */
  readonly wellFormed: boolean
}

/**
 * Checks a JSON text (RFC 8259, UTF-8) and records where the members of its objects stand, `recordDepth`
 * objects deep. Keys that repeat are refused at any depth, compared as they read once escapes are decoded.
 * @throws JsonFault
 */
export function scanJson(text: Buffer, recordDepth = 2): ScannedText {
  refuseEncoding(text)
  const scan: Scan = { text, recordDepth, wellFormed: true }
  const start = afterSpace(text, 0)
  const members = recordAt(scan, start, 0)
  const end = endOfValue(scan, start, 0, members)
  const rest = afterSpace(text, end)
  if (rest < text.length) throw unexpected(text, rest)
  return {
    shape: shapeOf(byteAt(text, start)),
    value: { start, end },
    members: members ?? noMembers,
    wellFormed: scan.wellFormed,
  }
}

/** The value of the string literal that stands at `span`, quotes included, in a checked text. */
export function decodeString(text: Buffer, span: Span): string {
  const raw = text.toString('utf8', span.start + 1, span.end - 1)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

interface Scan extends StringFacts {
  readonly text: Buffer
  readonly recordDepth: number
}

const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const letterF = 0x66
const letterN = 0x6e
const letterT = 0x74
const openBrace = 0x7b
const closeBrace = 0x7d

const noMembers: Members = new Map()

function refuseEncoding(text: Buffer): void {
  if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) {
    throw new JsonFault(
      'bom',
      0,
      'The JSON text begins with a byte order mark: send it without one',
    )
  }
  if (isUtf8(text)) return
  const repaired = Buffer.from(text.toString('utf8'))
  let offset = 0
  while (text[offset] === repaired[offset]) offset += 1
  throw new JsonFault('encoding', offset, 'The JSON text is not valid UTF-8')
}

/** Where the members of the value at `at` are to be recorded; undefined where they are not. */
function recordAt(scan: Scan, at: number, depth: number): Map<string, Member> | undefined {
  const isRecorded = depth < scan.recordDepth && byteAt(scan.text, at) === openBrace
  return isRecorded ? new Map() : undefined
}

/** The end of the value that begins at `start`, inside `depth` others: `maxDepth` bounds the recursion. */
function endOfValue(
  scan: Scan,
  start: number,
  depth: number,
  members: Map<string, Member> | undefined,
): number {
  switch (byteAt(scan.text, start)) {
    case quote:
      return endOfString(scan.text, start + 1, scan)
    case openBrace:
      return endOfObject(scan, start, depth, members)
    case openBracket:
      return endOfArray(scan, start, depth)
    case letterT:
      return endOfLiteral(scan.text, start, 'true')
    case letterF:
      return endOfLiteral(scan.text, start, 'false')
    case letterN:
      return endOfLiteral(scan.text, start, 'null')
    default:
      return endOfNumber(scan.text, start)
  }
}

function endOfObject(
  scan: Scan,
  start: number,
  depth: number,
  members: Map<string, Member> | undefined,
): number {
  const { text } = scan
  if (depth >= maxDepth) throw tooDeep(start)
  let at = afterSpace(text, start + 1)
  if (byteAt(text, at) === closeBrace) return at + 1
  const keys = noKeys(depth)
  for (;;) {
    const keyEnd = showKey(text, at, keys, scan)
    const valueStart = afterColon(text, keyEnd)
    const inner = members === undefined ? undefined : recordAt(scan, valueStart, depth + 1)
    const end = endOfValue(scan, valueStart, depth + 1, inner)
    members?.set(decodeString(text, { start: at, end: keyEnd }), {
      value: { start: valueStart, end },
      shape: shapeOf(byteAt(text, valueStart)),
      members: inner ?? noMembers,
    })
    at = afterSpace(text, end)
    if (byteAt(text, at) === closeBrace) return at + 1
    at = afterComma(text, at)
  }
}

function endOfArray(scan: Scan, start: number, depth: number): number {
  const { text } = scan
  if (depth >= maxDepth) throw tooDeep(start)
  let at = afterSpace(text, start + 1)
  if (byteAt(text, at) === closeBracket) return at + 1
  for (;;) {
    at = afterSpace(text, endOfValue(scan, at, depth + 1, undefined))
    if (byteAt(text, at) === closeBracket) return at + 1
    at = afterComma(text, at)
  }
}

function tooDeep(at: number): JsonFault {
  return new JsonFault('depth', at, `The JSON text is nested deeper than ${maxDepth} levels`)
}

function afterColon(text: Buffer, keyEnd: number): number {
  const at = afterSpace(text, keyEnd)
  if (byteAt(text, at) !== colon) throw unexpected(text, at)
  return afterSpace(text, at + 1)
}

function afterComma(text: Buffer, at: number): number {
  if (byteAt(text, at) !== comma) throw unexpected(text, at)
  return afterSpace(text, at + 1)
}

/** The shape of a checked value, by its first byte. */
function shapeOf(firstByte: number): Shape {
  switch (firstByte) {
    case quote:
      return 'string'
    case openBrace:
      return 'object'
    case openBracket:
      return 'array'
    case letterT:
    case letterF:
      return 'boolean'
    case letterN:
      return 'null'
    default:
      return 'number'
  }
}
