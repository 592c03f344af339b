import { JsonFault } from './json-fault.js'
import {
  backslash,
  byteAt,
  endOfString,
  quote,
  type StringFacts,
  unexpected,
} from './json-tokens.js'

/** How deep arrays and objects may be nested in each other. */
export const maxDepth = 500

/**
 * The keys that one open object has shown so far. Up to 16 plain ones are listed by hash and place, which
 * allocates nothing; more of them, or one with an escape, are kept decoded, so that comparing stays linear
 * whatever the keys are.
 */
export interface ShownKeys {
  readonly first: number
  end: number
  names: Set<string> | undefined
}

const listedKeys = 16

// Kept from scan to scan only to save allocating them: nothing in them is read before the same scan wrote it.
const hashes = new Int32Array(maxDepth * listedKeys)
const starts = new Int32Array(maxDepth * listedKeys)

/** No keys yet, for an object that stands in `depth` others; `depth` is below `maxDepth`. */
export function noKeys(depth: number): ShownKeys {
  const first = depth * listedKeys
  return { first, end: first, names: undefined }
}

/**
 * Adds the key that begins at `start` and gives its end, behind the closing quote.
 * @throws JsonFault `syntax`, or `duplicate_key` when `keys` has it already, however it was spelled
 */
export function showKey(text: Buffer, start: number, keys: ShownKeys, facts: StringFacts): number {
  if (byteAt(text, start) !== quote) throw unexpected(text, start)
  let at = start + 1
  let hash = 0
  let byte = byteAt(text, at)
  while (byte >= 0x20 && byte !== quote && byte !== backslash) {
    hash = Math.imul(hash ^ byte, 0x01000193)
    at += 1
    byte = byteAt(text, at)
  }
  const isPlain = byte === quote
  const end = isPlain ? at + 1 : endOfString(text, at, facts)
  if (isPlain && keys.names === undefined && keys.end < keys.first + listedKeys) {
    listKey(text, start, end, hash, keys)
  } else {
    nameKey(text, start, end, keys)
  }
  return end
}

function listKey(text: Buffer, start: number, end: number, hash: number, keys: ShownKeys): void {
  for (let i = keys.first; i < keys.end; i += 1) {
    if (hashes[i] === hash && isSameKey(text, starts[i] as number, start)) {
      throw duplicate(text, start, end)
    }
  }
  hashes[keys.end] = hash
  starts[keys.end] = start
  keys.end += 1
}

function isSameKey(text: Buffer, a: number, b: number): boolean {
  for (let i = 1; ; i += 1) {
    const byte = byteAt(text, a + i)
    if (byte !== byteAt(text, b + i)) return false
    if (byte === quote) return true
  }
}

function nameKey(text: Buffer, start: number, end: number, keys: ShownKeys): void {
  keys.names ??= listedNames(text, keys)
  const name = nameOf(text, start, end)
  if (keys.names.has(name)) throw duplicate(text, start, end)
  keys.names.add(name)
}

function listedNames(text: Buffer, keys: ShownKeys): Set<string> {
  const names = new Set<string>()
  for (let i = keys.first; i < keys.end; i += 1) {
    const start = starts[i] as number
    names.add(nameOf(text, start, text.indexOf(quote, start + 1) + 1))
  }
  return names
}

/** The decoded key behind a quote: without it, names that look like numbers could be made to share one hash. */
function nameOf(text: Buffer, start: number, end: number): string {
  const raw = text.toString('utf8', start, end - 1)
  return raw.includes('\\') ? `"${JSON.parse(`${raw}"`) as string}` : raw
}

function duplicate(text: Buffer, start: number, end: number): JsonFault {
  const name = nameOf(text, start, end).slice(1)
  const cut = name.length > 64 ? `${name.slice(0, 64)}…` : name
  return new JsonFault(
    'duplicate_key',
    start,
    `The key ${printable(cut)} stands twice in one object`,
  )
}

function printable(name: string): string {
  const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(name).replace(/[^\x20-\x7e…]/g, escape)
}
