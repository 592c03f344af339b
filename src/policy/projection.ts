import { hash } from 'node:crypto'
import type { Span } from '../domain/json.js'
import { spliced, type Splice } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { textsIn, type FoundText } from './projection-texts.js'

/**
 * A document that is longer than policy may see, with `{"omitted":true,"bytes":…,"sha256":…}` in place of the base64 of
 * `data` and `blob` and of long texts, as few lengths of them as will do, and with `"truncated":true` at the top. Only
 * inside arguments, params and the response; the rest keeps its spelling. The same document where it is short enough,
 * undefined where it stays too long.
 * @param document a JSON object that was checked before
 */
export function projectDocument(document: Buffer, maxBytes: number): Buffer | undefined {
  if (document.length <= maxBytes) return document
  // Each takes so much whether it is left out or not: with more of them it would be too long in any case.
  const found = textsIn(document, { shortest, most: maxBytes / shortestPlaceholder })
  if (found === undefined) return undefined
  const texts = found.map(({ span, isBinary }): Text => {
    return { span, isBinary, decoded: decodedAt(document, span) }
  })
  const opening = document.lastIndexOf('}')
  for (const length of lengths) {
    const omitted = texts.filter(({ isBinary, decoded }) => isBinary || decoded.length >= length)
    const saved = omitted.reduce((sum, text) => sum + savedBy(text), 0)
    if (omitted.length === 0 || document.length + mark.length - saved > maxBytes) continue
    const splices = omitted.map(omission)
    const end: Splice = { span: { start: opening, end: opening }, text: mark }
    return spliced(document, [...splices, end])
  }
  return undefined
}

/** Bytes from which on a text is left out: the first that makes the document fit. */
const lengths = [4096, 1024, 256] as const
const shortest = 256

const mark = ',"truncated":true'

interface Text extends FoundText {
  /** What the literal spells, in UTF-8. */
  readonly decoded: Buffer
}

function savedBy({ span, decoded }: Text): number {
  return span.end - span.start - placeholder(decoded.length, '').length - 64
}

function omission({ span, decoded }: Text): Splice {
  return { span, text: placeholder(decoded.length, hash('sha256', decoded)) }
}

function placeholder(bytes: number, sha256: string): string {
  return `{"omitted":true,"bytes":${bytes},"sha256":"${sha256}"}`
}

const shortestPlaceholder = placeholder(0, '').length + 64

/** Without escapes it stands in the document itself. */
function decodedAt(document: Buffer, { start, end }: Span): Buffer {
  const raw = document.subarray(start + 1, end - 1)
  return raw.includes('\\') ? Buffer.from(decodeString(document, { start, end })) : raw
}
