/** Finds whether keys stand in a JSON text that nobody has parsed, whichever way they are spelled. */
export interface KeySearch {
  readonly keys: readonly string[]
  /** False is certain. True also where such a text is a value, or stands deeper than was meant. */
  isIn(text: Buffer): boolean
  /** Bytes that a spelling of a key may take at most, quotes included. */
  readonly longest: number
}

/**
 * A search for any of these keys: with or without escapes, and in another case, as decoders that fold case would take
 * them for the key all the same. @param keys letters only
 */
export function createKeySearch(keys: readonly string[]): KeySearch {
  const spellings = keys.map((key) => Array.from(key, spelling).join(''))
  const pattern = new RegExp(`"(?:${spellings.join('|')})"`)
  const longest = Math.max(...keys.map(({ length }) => length * escapeBytes + 2))
  return { keys, isIn: (text) => pattern.test(text.toString('latin1')), longest }
}

const escapeBytes = 6

/** All ways to write one letter: the text is matched as Latin-1, one character a byte. */
function spelling(letter: string): string {
  const forms = [letter.toLowerCase(), letter.toUpperCase()]
  const foreign = foldsInto[letter.toLowerCase()] ?? []
  const plain = [...forms, ...foreign.map((form) => Buffer.from(form).toString('latin1'))]
  return `(?:${[...plain, ...[...forms, ...foreign].map(escapeOf)].join('|')})`
}

/** Simple case folding maps these to ASCII letters. */
const foldsInto: Readonly<Record<string, readonly string[]>> = { k: ['\u212a'], s: ['\u017f'] }

function escapeOf(form: string): string {
  const digits = form.charCodeAt(0).toString(16).padStart(4, '0')
  return `\\\\u${digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)}`
}
