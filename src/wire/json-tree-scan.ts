/**
 * Where the parts of a JSON text end. The text is valid JSON: it was checked before. Offsets
 * count UTF-16 units.
 */

export function skipSpace(source: string, at: number): number {
  let next = at
  for (;;) {
    const code = source.charCodeAt(next)
    if (code !== space && code !== newline && code !== carriageReturn && code !== tab) return next
    next += 1
  }
}

/** The end of the value that begins at `at`, exclusive. */
export function endOfValue(source: string, at: number): number {
  const code = source.charCodeAt(at)
  if (code === quote) return endOfString(source, at)
  if (code === openBrace || code === openBracket) return endOfContainer(source, at)
  return endOfScalar(source, at)
}

/** The end of the string literal whose opening quote stands at `at`, exclusive. */
export function endOfString(source: string, at: number): number {
  let end = source.indexOf('"', at + 1)
  while (isEscaped(source, end)) end = source.indexOf('"', end + 1)
  if (end === -1) throw new SyntaxError('Unterminated string in JSON')
  return end + 1
}

/** The end of the number, `true`, `false` or `null` that begins at `at`, exclusive. */
export function endOfScalar(source: string, at: number): number {
  let end = at
  while (end < source.length && isScalarCode(source.charCodeAt(end))) end += 1
  return end
}

/** The text that a string literal spells, its quotes included in `literal`. */
export function decodeLiteral(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1)
}

/**
 * The key of the member that begins at `begin` (after the delimiter), and where its value begins.
 */
export function readKey(source: string, begin: number): { key: string; valueAt: number } {
  const start = skipSpace(source, begin)
  const end = endOfString(source, start)
  const colon = skipSpace(source, end)
  return { key: decodeLiteral(source.slice(start, end)), valueAt: skipSpace(source, colon + 1) }
}

const space = 0x20
const newline = 0x0a
const carriageReturn = 0x0d
const tab = 0x09
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

function isEscaped(source: string, at: number): boolean {
  let backslashes = 0
  while (source.charCodeAt(at - 1 - backslashes) === backslash) backslashes += 1
  return backslashes % 2 === 1
}

function endOfContainer(source: string, at: number): number {
  let depth = 0
  let next = at
  while (next < source.length) {
    const code = source.charCodeAt(next)
    if (code === quote) {
      next = endOfString(source, next)
      continue
    }
    next += 1
    if (code === openBrace || code === openBracket) depth += 1
    else if (code === closeBrace || code === closeBracket) depth -= 1
    if (depth === 0) return next
  }
  throw new SyntaxError('Unterminated object or array in JSON')
}

function isScalarCode(code: number): boolean {
  return code > space && code !== comma && code !== closeBrace && code !== closeBracket
}
