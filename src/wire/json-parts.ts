import type { Span } from '../domain/json.js'
import type { Member, Members } from '../domain/message.js'
import { scanJson } from './json-text.js'
import { afterSpace, byteAt, endOfString } from './json-tokens.js'

/** The members of the object that stands at `span` in a checked text; none where another value stands there. */
export function membersAt(text: Buffer, span: Span): Members {
  const { members } = scanJson(text.subarray(span.start, span.end), 1)
  const placed = new Map<string, Member>()
  for (const [key, { value, shape, members: inner }] of members) {
    placed.set(key, { value: shifted(value, span.start), shape, members: inner })
  }
  return placed
}

/** The items of the array that stands at `span` in a checked text, or the first of them; none where another value stands there. */
export function itemsAt(text: Buffer, span: Span, most = Infinity): readonly Span[] {
  const items: Span[] = []
  if (byteAt(text, span.start) !== openBracket) return items
  let start = afterSpace(text, span.start + 1)
  while (start < span.end - 1 && items.length < most) {
    const end = endOfItem(text, start)
    items.push({ start, end: end.value })
    start = afterSpace(text, end.delimiter + 1)
  }
  return items
}

/** A stretch of a text, and what is to stand there. */
export interface Splice {
  readonly span: Span
  readonly text: Buffer | string
}

/** The text with the splices in it, which stand in order and apart from each other; the same Buffer without any. */
export function spliced(text: Buffer, splices: readonly Splice[]): Buffer {
  if (splices.length === 0) return text
  const pieces: Buffer[] = []
  let at = 0
  for (const { span, text: written } of splices) {
    pieces.push(text.subarray(at, span.start), Buffer.from(written))
    at = span.end
  }
  pieces.push(text.subarray(at))
  return Buffer.concat(pieces)
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by }
}

/** Where an item of a checked array ends, and where the comma or bracket behind it stands. */
function endOfItem(text: Buffer, start: number): { value: number; delimiter: number } {
  let depth = 0
  let at = start
  let value = start
  for (;;) {
    const byte = byteAt(text, at)
    if (depth === 0 && (byte === comma || byte === closeBracket)) return { value, delimiter: at }
    if (byte === openBracket || byte === openBrace) depth += 1
    else if (byte === closeBracket || byte === closeBrace) depth -= 1
    const end = byte === quote ? endOfString(text, at + 1, { wellFormed: true }) : at + 1
    value = end
    at = afterSpace(text, end)
  }
}
