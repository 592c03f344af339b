import { isUtf8 } from 'node:buffer'
import { isRegoNumber } from '../rego-number.js'
import { isRegoArray, parseRego } from '../rego-text.js'
import type { RegoNumber, RegoObject, RegoValue } from '../rego-value.js'

/** The value that a JSON text spells, numbers exact; of a repeated key the last counts. Undefined where it is not JSON. */
export function parseJson(text: string): RegoValue | undefined {
  try {
    JSON.parse(text) // the reader of Rego's own texts takes more than JSON
    return withLastOfEach(parseRego(text))
  } catch {
    return undefined
  }
}

function withLastOfEach(value: RegoValue): RegoValue {
  if (isRegoArray(value)) return value.map(withLastOfEach)
  if (!isRegoObject(value)) return typeof value === 'string' ? wellFormed(value) : value
  const last = new Map(
    value.entries.map(([key, held]) => [withLastOfEach(key), withLastOfEach(held)]),
  )
  return { type: 'object', entries: [...last] }
}

// Go, too, puts U+FFFD where half of a surrogate pair is escaped.
function wellFormed(text: string): string {
  return text.replace(loneSurrogate, '\ufffd')
}

const loneSurrogate = /\p{Surrogate}/gu

export function isRegoObject(value: RegoValue | undefined): value is RegoObject {
  return isComposite(value) && !isRegoArray(value) && value.type === 'object'
}

/** Whether other values stand inside this one. */
export function isComposite(
  value: RegoValue | undefined,
): value is Exclude<RegoValue, null | boolean | string | bigint | { type: 'decimal' }> {
  return typeof value === 'object' && value !== null && !isRegoNumber(value)
}

/** What an object holds under a text. */
export function memberOf(object: RegoObject, name: string): RegoValue | undefined {
  return object.entries.find(([key]) => key === name)?.[1]
}

/** Text as Go reads it from bytes: each byte that is no part of UTF-8 becomes a U+FFFD of its own. */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  const points = new Uint32Array(bytes.length)
  let count = 0
  for (let at = 0; at < bytes.length; count += 1) {
    const size = characterSize(bytes, at)
    points[count] =
      size === 0 ? 0xfffd : (bytes.toString('utf8', at, at + size).codePointAt(0) ?? 0)
    at += Math.max(size, 1)
  }
  return textOfPoints(points.subarray(0, count))
}

/** Bytes of the character that begins there; 0 where none does. */
function characterSize(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const character = bytes.subarray(at, at + size)
  return character.length === size && isUtf8(character) ? size : 0
}

function textOfPoints(points: Uint32Array): string {
  const texts: string[] = []
  for (let at = 0; at < points.length; at += 4096) {
    texts.push(String.fromCodePoint(...points.subarray(at, at + 4096)))
  }
  return texts.join('')
}

/** The nearest number that JavaScript has. */
export function numberAsDouble(number: RegoNumber): number {
  return Number(typeof number === 'bigint' ? number : number.text)
}
