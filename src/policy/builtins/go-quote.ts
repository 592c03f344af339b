/** As `strconv.Quote` of Go writes it, or `QuoteToASCII`. */
export function quote(text: string, ascii = false): string {
  return `"${escaped(text, '"', ascii)}"`
}

/** As `strconv.QuoteRune` of Go writes it; what is no character is U+FFFD. */
export function quoteCharacter(character: string, ascii: boolean): string {
  return `'${escaped(character, "'", ascii)}'`
}

/** As `strconv.CanBackquote` of Go. */
export function canBackquote(text: string): boolean {
  return !/[^\t\u0020-\uffff]|[`\u007f\ufeff]/.test(text)
}

/** Letters, marks, numbers, punctuation, symbols and the plain space. */
export function isPrintable(character: string): boolean {
  return printable.test(character)
}

const printable = /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u

function escaped(text: string, quotation: '"' | "'", ascii: boolean): string {
  return text.replace(ascii ? beyondAscii : special, (character) => {
    if (character === quotation || character === '\\') return `\\${character}`
    if (character === '"' || character === "'") return character
    return shortEscapes[character] ?? numericEscape(character.codePointAt(0) ?? 0)
  })
}

const special = /["'\\]|[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu
const beyondAscii = /["'\\]|[^ -~]/gu

const shortEscapes: Readonly<Record<string, string | undefined>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function numericEscape(code: number): string {
  const digits = code.toString(16)
  if (code < 0x20 || code === 0x7f) return `\\x${digits.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}
