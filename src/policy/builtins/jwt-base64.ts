/**
 * The bytes of base64url text, with its padding or without it, as OPA reads it (RFC 7515, appendix C): line ends are passed
 * over, bits left at the end are not looked at. Undefined where it is something else.
 */
export function base64UrlBytes(text: string): Buffer | undefined {
  if (text.endsWith('=')) return decode(text, urlAlphabet, true)
  const missing = (4 - (text.length % 4)) % 4
  return missing === 3 ? undefined : decode(text + '='.repeat(missing), urlAlphabet, true)
}

/** The bytes of a member of a JSON web key: either alphabet, padding only where it is whole. */
export function keyBytes(text: string): Buffer | undefined {
  const alphabet = /[+/]/.test(text) ? standardAlphabet : urlAlphabet
  return decode(text, alphabet, text.endsWith('='))
}

/** The bytes of a block of PEM. */
export function base64Bytes(text: string): Buffer | undefined {
  return decode(text, standardAlphabet, true)
}

const urlAlphabet = /[^\w-]/
const standardAlphabet = /[^A-Za-z0-9+/]/

function decode(text: string, notOfAlphabet: RegExp, padded: boolean): Buffer | undefined {
  const written = text.replaceAll(/[\r\n]/g, '')
  const padding = padded ? paddingOf(written) : 0
  const digits = written.slice(0, written.length - padding)
  const isWhole = padded ? written.length % 4 === 0 : digits.length % 4 !== 1
  return isWhole && !notOfAlphabet.test(digits) ? Buffer.from(digits, 'base64') : undefined
}

function paddingOf(text: string): number {
  if (text.endsWith('==')) return 2
  return text.endsWith('=') ? 1 : 0
}
