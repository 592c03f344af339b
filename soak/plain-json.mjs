import { TextDecoder } from 'node:util'

/**
 * A second, slow and simple reader of JSON, to check the gateway's own against. Objects are Maps, numbers keep
 * their digits as `{ literal }`, and everything that two parsers could read differently is an error.
 * @throws SyntaxError
 */
export function readPlainJson(bytes) {
  const text = decode(bytes)
  JSON.parse(text)
  const reader = { text, at: 0, depth: 0, deepest: 0, wellFormed: true }
  const value = readValue(reader)
  skipSpace(reader)
  if (reader.at !== text.length) throw new SyntaxError('text after the value')
  return { value, depth: reader.deepest, wellFormed: reader.wellFormed }
}

function decode(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (text.startsWith('\ufeff')) throw new SyntaxError('byte order mark')
    return text
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? thrown : new SyntaxError('not UTF-8')
  }
}

function readValue(reader) {
  skipSpace(reader)
  const first = reader.text[reader.at]
  if (first === '{') return nested(reader, readObject)
  if (first === '[') return nested(reader, readArray)
  if (first === '"') return readString(reader)
  for (const [word, value] of words) {
    if (!reader.text.startsWith(word, reader.at)) continue
    reader.at += word.length
    return value
  }
  return readNumber(reader)
}

const words = [
  ['true', true],
  ['false', false],
  ['null', null],
]

function nested(reader, read) {
  reader.depth += 1
  if (reader.depth > 1000) throw new SyntaxError('nested too deep to be read')
  reader.deepest = Math.max(reader.deepest, reader.depth)
  reader.at += 1
  const value = read(reader)
  reader.depth -= 1
  return value
}

function readObject(reader) {
  const members = new Map()
  if (accept(reader, '}')) return members
  do {
    skipSpace(reader)
    const key = readString(reader)
    if (members.has(key)) throw new SyntaxError('duplicate key')
    expect(reader, ':')
    members.set(key, readValue(reader))
  } while (accept(reader, ','))
  expect(reader, '}')
  return members
}

function readArray(reader) {
  const items = []
  if (accept(reader, ']')) return items
  do items.push(readValue(reader))
  while (accept(reader, ','))
  expect(reader, ']')
  return items
}

function readString(reader) {
  const start = reader.at
  if (reader.text[start] !== '"') throw new SyntaxError('a string was expected')
  let at = start + 1
  while (reader.text[at] !== '"') at += reader.text[at] === '\\' ? 2 : 1
  reader.at = at + 1
  const value = JSON.parse(reader.text.slice(start, reader.at))
  if (!value.isWellFormed()) reader.wellFormed = false
  return value
}

function readNumber(reader) {
  const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  pattern.lastIndex = reader.at
  const literal = pattern.exec(reader.text)?.[0]
  if (literal === undefined) throw new SyntaxError('a value was expected')
  reader.at += literal.length
  return { literal }
}

function skipSpace(reader) {
  while (' \t\r\n'.includes(reader.text[reader.at] ?? 'x')) reader.at += 1
}

function accept(reader, token) {
  skipSpace(reader)
  if (reader.text[reader.at] !== token) return false
  reader.at += 1
  return true
}

function expect(reader, token) {
  if (!accept(reader, token)) throw new SyntaxError(`${token} was expected`)
}

export function isNumber(value) {
  return typeof value === 'object' && value !== null && 'literal' in value
}

/** Below 0, 0 or above 0, exactly, whatever the number of digits. */
export function compareNumbers(left, right) {
  const [a, b] = [decimalOf(left), decimalOf(right)]
  if (a.sign !== b.sign) return a.sign - b.sign
  if (a.magnitude !== b.magnitude) return a.magnitude < b.magnitude ? -a.sign : a.sign
  const length = Math.max(a.digits.length, b.digits.length)
  const [x, y] = [a.digits.padEnd(length, '0'), b.digits.padEnd(length, '0')]
  return x === y ? 0 : x < y ? -a.sign : a.sign
}

/** The number as 0.DIGITS times ten to the power of its magnitude. */
function decimalOf(literal) {
  const [, minus, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal)
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  if (digits === '') return { sign: 0, magnitude: 0, digits }
  const magnitude = whole.length - (all.length - digits.length) + Number(exponent)
  return { sign: minus === '' ? 1 : -1, magnitude, digits: digits.replace(/0+$/, '') }
}

/** An exponent that no policy can compute with: over it, the compiled policy breaks off. */
export function isAbsurd(literal) {
  return Math.abs(Number(/[eE]([+-]?\d+)$/.exec(literal)?.[1] ?? 0)) > 9999
}

/** Numbers and strings of a value, nested ones included; keys are not counted. */
export function* leavesOf(value) {
  if (Array.isArray(value)) for (const item of value) yield* leavesOf(item)
  else if (value instanceof Map) for (const item of value.values()) yield* leavesOf(item)
  else yield value
}
