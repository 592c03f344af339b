/** How a text stands in a YAML file: as it is, or quoted. */
export type TextStyle = 'plain' | 'single' | 'double' | 'block'

/**
 * Where in its source the character at `offset` of a text stands. Folding and indenting change blanks only, so that it
 * is found by counting the characters that are none.
 * @param source the text with its quotes, or with the header of its block
 */
export function offsetInSource(
  source: string,
  style: TextStyle,
  text: string,
  offset: number,
): number {
  const wanted = solidCharacters(text.slice(0, offset))
  const end = source.length
  let solid = 0
  let at = contentStart(source, style)
  while (at < end) {
    const { length, isBlank } = unitAt(source, at, style)
    if (!isBlank) {
      if (solid === wanted) return at
      solid += 1
    }
    at += length
  }
  return Math.max(0, end - 1)
}

function solidCharacters(text: string): number {
  let count = 0
  for (const character of text) if (!isBlank(character)) count += 1
  return count
}

function contentStart(source: string, style: TextStyle): number {
  switch (style) {
    case 'plain':
      return 0
    case 'single':
    case 'double':
      return 1
    case 'block':
      return source.indexOf('\n') + 1
  }
}

interface Unit {
  /** In the source. */
  readonly length: number
  readonly isBlank: boolean
}

function unitAt(source: string, at: number, style: TextStyle): Unit {
  if (style === 'double' && source[at] === '\\') return escapeAt(source, at)
  if (style === 'single' && source.startsWith("''", at)) return { length: 2, isBlank: false }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  return { length: character.length, isBlank: isBlank(character) }
}

/** YAML 1.2, section 5.7. */
function escapeAt(source: string, at: number): Unit {
  const letter = source[at + 1] ?? ''
  const digits = hexDigits[letter]
  if (digits === undefined) return { length: 2, isBlank: blankEscapes.includes(letter) }
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16)
  const decoded = code <= 0x10ffff ? String.fromCodePoint(code) : ''
  return { length: 2 + digits, isBlank: isBlank(decoded) }
}

const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const blankEscapes = ' \t\n\rntrvf_LP'

function isBlank(character: string): boolean {
  return character.trim() === ''
}
