import { JsonFault, scanJson } from '../wire/json-text.js'

/**
 * The text of a JSON document that OPA hashes for a signature: no white space, keys in the order of their UTF-8 bytes,
 * numbers as they are spelled, strings as Go's encoder writes them.
 * @throws JsonFault also for half of a surrogate pair, which OPA would take for U+FFFD
 */
export function canonicalText(text: Buffer): string {
  if (!scanJson(text, 0).wellFormed) {
    throw new JsonFault('encoding', 0, 'A string has half of a surrogate pair')
  }
  return readValue({ source: text.toString(), at: 0 })
}

/** A checked text that is read from front to back. */
interface Reading {
  readonly source: string
  at: number
}

interface Entry {
  readonly key: string
  readonly text: string
}

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b

/** Recursion is bounded: a checked text has a greatest depth. */
function readValue(reading: Reading): string {
  switch (nextCode(reading)) {
    case quote:
      return printString(readString(reading))
    case openBrace:
      return readObject(reading)
    case openBracket:
      return readArray(reading)
    default:
      return readWord(reading)
  }
}

/** The next code unit that is not white space; it is not consumed. NaN at the end. */
function nextCode(reading: Reading): number {
  let code = reading.source.charCodeAt(reading.at)
  while (code <= 0x20) {
    reading.at += 1
    code = reading.source.charCodeAt(reading.at)
  }
  return code
}

function readObject(reading: Reading): string {
  const entries: Entry[] = []
  reading.at += 1
  while (nextCode(reading) === quote) {
    const key = readString(reading)
    nextCode(reading)
    reading.at += 1 // the colon
    entries.push({ key, text: readValue(reading) })
    if (nextCode(reading) === comma) reading.at += 1
  }
  reading.at += 1
  entries.sort(entries.some(({ key }) => hasSurrogate.test(key)) ? byBytes : byUnits)
  // Joined by `+`: V8 then copies the text once at the end, however deep it is nested.
  let text = ''
  for (const entry of entries) {
    text += `${text === '' ? '' : ','}${printString(entry.key)}:${entry.text}`
  }
  return `{${text}}`
}

function readArray(reading: Reading): string {
  let text = ''
  reading.at += 1
  while (nextCode(reading) !== closeBracket) {
    const item = readValue(reading)
    text += text === '' ? item : `,${item}`
    if (nextCode(reading) === comma) reading.at += 1
  }
  reading.at += 1
  return `[${text}]`
}

/** The value of the string that begins here. */
function readString(reading: Reading): string {
  const { source, at: start } = reading
  let end = source.indexOf('"', start + 1)
  while (isEscaped(source, end)) end = source.indexOf('"', end + 1)
  reading.at = end + 1
  const raw = source.slice(start + 1, end)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

/** Whether an odd number of backslashes stands before the place. */
function isEscaped(source: string, at: number): boolean {
  let first = at
  while (source[first - 1] === '\\') first -= 1
  return (at - first) % 2 === 1
}

/** A number, `true`, `false` or `null`. */
function readWord(reading: Reading): string {
  word.lastIndex = reading.at
  const found = word.exec(reading.source)?.[0] ?? ''
  reading.at += found.length
  return found
}

/** As Go's `encoding/json` with HTML escaping off. */
function printString(value: string): string {
  if (!special.test(value)) return `"${value}"`
  return JSON.stringify(value).replace(lineSeparators, (char) => escapes[char] ?? char)
}

/** UTF-16 sorts surrogates before U+E000, and UTF-8 behind U+FFFF. */
function byBytes(a: Entry, b: Entry): number {
  return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))
}

function byUnits(a: Entry, b: Entry): number {
  return a.key < b.key ? -1 : 1
}

const word = /[-+.\w]+/y
/** Whatever has to be escaped, said by what has not. */
const special = /[^ !#-[\]-\u2027\u202a-\uffff]/
const lineSeparators = /[\u2028\u2029]/g
const escapes: Readonly<Record<string, string>> = { '\u2028': '\\u2028', '\u2029': '\\u2029' }
const hasSurrogate = /[\ud800-\udfff]/
