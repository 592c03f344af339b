/**
 * Whether a valid JSON text spells a surrogate that has no partner, as in `"\ud800"`. UTF-8 cannot hold one
 * otherwise, and a policy module that meets one is lost.
 */
export function hasLoneSurrogate(text: Buffer): boolean {
  if (!text.includes('\\ud') && !text.includes('\\uD')) return false
  return loneSurrogate.test(text.toString('latin1').replace(harmlessEscape, ' '))
}

// A pair, an escaped backslash: what must be taken away before an escape of half a pair stands out.
const harmlessEscape = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u]/g

const loneSurrogate = /\\u[dD][89a-fA-F]/
