import { compareText, isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { jsonMembers } from './go-json.js'
import { isRegoObject, textOfBytes } from './json-value.js'
import { asTexts } from './operands.js'
import { ofTexts } from './text-builtin.js'

/** As Go's package net/url reads and writes the query of a URL. */
export const urlquery: Builtins = {
  'urlquery.encode': ofTexts(1, 200, escape),
  'urlquery.decode': ofTexts(1, 300, unescape),
  'urlquery.encode_object': {
    cost: (bytes) => 5_000 + bytes * (500 + 15 * Math.log2(bytes + 1)),
    call: ([value]) => encodeObject(value),
  },
  'urlquery.decode_object': ofTexts(1, 500, decodeObject),
}

function escape(text: string): string {
  return encodeURIComponent(text.replace(loneSurrogate, '\ufffd'))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

const loneSurrogate = /\p{Surrogate}/gu

function unescape(text: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined
  const spaced = text.replaceAll('+', ' ')
  return spaced.includes('%') ? textOfBytes(unescapedBytes(Buffer.from(spaced))) : spaced
}

function unescapedBytes(bytes: Buffer): Buffer {
  let length = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    bytes[length] = byte === percent ? parseInt(bytes.toString('latin1', at + 1, at + 3), 16) : byte
    if (byte === percent) at += 2
    length += 1
  }
  return bytes.subarray(0, length)
}

const percent = 0x25

function encodeObject(value: RegoValue | undefined): string | undefined {
  if (!isRegoObject(value)) return undefined
  const pairs: string[] = []
  for (const [key, held] of jsonMembers(value)) {
    const values = typeof held === 'string' ? [held] : asTexts(held)
    if (values === undefined) return undefined
    const name = escape(key)
    // A set comes in order.
    const ordered = isRegoArray(held) ? values : values.toSorted(compareText)
    for (const text of ordered) pairs.push(`${name}=${escape(text)}`)
  }
  return pairs.join('&')
}

function decodeObject(query: string): RegoValue | undefined {
  const pairs = query.split('&')
  if (pairs.length > mostPairs) return undefined
  const values = new Map<string, string[]>()
  for (const pair of pairs) {
    if (pair.includes(';')) return undefined
    if (pair === '') continue
    const end = pair.indexOf('=')
    const key = unescape(end === -1 ? pair : pair.slice(0, end))
    const value = unescape(end === -1 ? '' : pair.slice(end + 1))
    if (key === undefined || value === undefined) return undefined
    const known = values.get(key)
    if (known === undefined) values.set(key, [value])
    else known.push(value)
  }
  return { type: 'object', entries: [...values] }
}

// Of Go.
const mostPairs = 10_000
