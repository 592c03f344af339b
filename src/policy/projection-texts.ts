import type { Span } from '../domain/json.js'
import { decodeString } from '../wire/json-text.js'
import { afterSpace, endOfString, quote } from '../wire/json-tokens.js'

/** A string value that a document might do without. */
export interface FoundText {
  /** The literal, quotes included. */
  readonly span: Span
  /** The base64 of a member `data` or `blob`, however short. */
  readonly isBinary: boolean
}

/**
 * The long strings inside the arguments, the params and the response of a policy document, in order; never its keys,
 * and nothing of what says whose call it is and of what. Undefined where there are more than so many. `shortest` counts
 * bytes as they are spelled.
 */
export function textsIn(
  document: Buffer,
  { shortest, most }: { readonly shortest: number; readonly most: number },
): readonly FoundText[] | undefined {
  const found: FoundText[] = []
  const walk = createWalk(document)
  let at = 0
  while (at < document.length) {
    const byte = document[at]
    if (byte !== quote) {
      if (byte === openBrace || byte === openBracket) walk.enter()
      else if (byte === closeBrace || byte === closeBracket) walk.leave()
      at += 1
      continue
    }
    const span = { start: at, end: endOfString(document, at + 1, { wellFormed: true }) }
    const next = afterSpace(document, span.end)
    at = next
    if (document[next] === colon) {
      walk.name(span)
    } else if (walk.isInside()) {
      const isBinary = walk.isBinary() && isBase64(document, span)
      if (!isBinary && span.end - span.start - 2 < shortest) continue
      if (found.length >= most) return undefined
      found.push({ span, isBinary })
    }
  }
  return found
}

/** Where in the document the walk is. */
interface Walk {
  enter(): void
  leave(): void
  /** A key stands here. */
  name(key: Span): void
  isInside(): boolean
  /** The next value is that of a member `data` or `blob`. */
  isBinary(): boolean
}

function createWalk(document: Buffer): Walk {
  let depth = 0
  let top = ''
  /** How deep the member stands whose value may be shortened; 0 outside of any. */
  let insideFrom = 0
  let named = ''
  return {
    enter: () => {
      depth += 1
      named = ''
    },
    leave: () => {
      depth -= 1
      named = ''
      if (depth < insideFrom) insideFrom = 0
    },
    name: (key) => {
      const isOutside = insideFrom === 0 || depth <= insideFrom
      named = isOutside || mayNameBinary(key) ? nameAt(document, key) : ''
      if (!isOutside) return
      if (depth === 1) top = named
      const begins =
        depth === 1 ? contents.has(named) : depth === 2 && subjects.has(top) && named === 'args'
      insideFrom = begins ? depth : 0
    },
    isInside: () => insideFrom > 0,
    isBinary: () => named === 'data' || named === 'blob',
  }
}

const contents: ReadonlySet<string> = new Set(['params', 'response'])
const subjects: ReadonlySet<string> = new Set(['tool', 'prompt'])

/** Of long keys none is of interest, and a document may consist of them. */
function nameAt(document: Buffer, key: Span): string {
  return key.end - key.start > longestName ? '' : decodeString(document, key)
}

/** `response` with each letter escaped. */
const longestName = 64

/** Spares most keys the decoding: `data` and `blob` are two quotes and four letters, each escaped as six characters or not. */
function mayNameBinary({ start, end }: Span): boolean {
  const escapes = (end - start - 6) / 5
  return escapes === 0 || escapes === 1 || escapes === 2 || escapes === 3 || escapes === 4
}

const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Of either alphabet (RFC 4648), at least one character; JSON may spell `/` as `\/`. */
function isBase64(document: Buffer, { start, end }: Span): boolean {
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = document[at] ?? 0
    const isEscape = byte === backslash && document[at + 1] === slash
    if (!isEscape && base64[byte] !== 1) return false
  }
  return end - start > 2
}

const slash = 0x2f
const backslash = 0x5c

const base64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/_=-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
