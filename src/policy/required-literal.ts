/**
 * Text that every match of an RE2 pattern contains: its leading run of plain characters. Gives '' wherever that
 * is not certain, since a text without it is never searched.
 */
export function requiredLiteral(source: string): string {
  // An alternative may do without the run, and a flag may let it match in other letters.
  if (source.includes('|') || source.includes('(?')) return ''
  let literal = ''
  let rest = source.startsWith('^') ? source.slice(1) : source
  for (let found = leadingAtom.exec(rest); found !== null; found = leadingAtom.exec(rest)) {
    rest = rest.slice(found[0].length)
    const text = textOf(found.groups ?? {})
    if (text === undefined || /^[*?{]/.test(rest)) return literal
    if (rest.startsWith('+')) return /^\+[*?+{]/.test(rest) ? literal : literal + text
    literal += text
  }
  return literal
}

// A plain character, an escaped mark, or a code point in hexadecimal: `a`, `\[`, `\x1b`, `\x{1f600}`.
const leadingAtom =
  /^(?:(?<plain>[^\\.[\](){}*+?|^$])|\\(?<mark>[!-/:-@[-`{-~])|\\x(?<short>[0-9a-fA-F]{2})|\\x\{(?<long>[0-9a-fA-F]{1,6})\})/u

function textOf(atom: Readonly<Record<string, string | undefined>>): string | undefined {
  const literal = atom['plain'] ?? atom['mark']
  if (literal !== undefined) return literal
  const point = Number.parseInt(atom['short'] ?? atom['long'] ?? '', 16)
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined
}
