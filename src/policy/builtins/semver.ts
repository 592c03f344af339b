import { asText } from './operands.js'
import type { Builtins } from './builtin.js'
import { ofTexts } from './text-builtin.js'

/** Semantic versions as OPA takes them: with one `v` in front or none, numbers up to 64 bits. */
export const semver: Builtins = {
  'semver.is_valid': {
    cost: (bytes) => 3_000 + bytes * 50,
    call: ([text]) => parse(asText(text) ?? '') !== undefined,
  },
  'semver.compare': ofTexts(2, 100, (first, second) => {
    const a = parse(first)
    const b = parse(second)
    return a && b && BigInt(compare(a, b))
  }),
}

interface Version {
  readonly numbers: readonly bigint[]
  /** Empty for a release. */
  readonly preRelease: readonly string[]
}

function parse(text: string): Version | undefined {
  const [, core = '', preRelease, metadata] =
    /^v?([^+-]*)(?:-([^+]*))?(?:\+([^]*))?$/.exec(text) ?? []
  if (!/^\d+\.\d+\.\d+$/.test(core)) return undefined
  const numbers = core.split('.')
  if (!numbers.every(isNumber)) return undefined
  const identifiers = preRelease?.split('.') ?? []
  if (!identifiers.every(isPreRelease)) return undefined
  if (metadata?.split('.').every((part) => identifier.test(part)) === false) return undefined
  return { numbers: numbers.map(BigInt), preRelease: identifiers }
}

function isNumber(digits: string): boolean {
  return !hasLeadingZero(digits) && digits.length <= 19 && BigInt(digits) <= largest
}

const largest = 2n ** 63n - 1n

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0')
}

function isPreRelease(part: string): boolean {
  return identifier.test(part) && !(isDigits(part) && hasLeadingZero(part))
}

const identifier = /^[\dA-Za-z-]+$/

function isDigits(part: string): boolean {
  return /^\d+$/.test(part)
}

function compare(a: Version, b: Version): -1 | 0 | 1 {
  for (const [at, number] of a.numbers.entries()) {
    const order = compareValues(number, b.numbers[at] ?? 0n)
    if (order !== 0) return order
  }
  if (a.preRelease.length === 0 || b.preRelease.length === 0) {
    return (
      compareValues(b.preRelease.length, a.preRelease.length) &&
      (a.preRelease.length === 0 ? 1 : -1)
    )
  }
  return comparePreReleases(a.preRelease, b.preRelease)
}

function compareValues<Value extends bigint | number | string>(a: Value, b: Value): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Semantic Versioning 2.0.0, section 11: the first difference counts, and the longer of two that have none. */
function comparePreReleases(a: readonly string[], b: readonly string[]): -1 | 0 | 1 {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at += 1) {
    const order = compareIdentifiers(a[at] ?? '', b[at] ?? '')
    if (order !== 0) return order
  }
  return compareValues(a.length, b.length)
}

function compareIdentifiers(a: string, b: string): -1 | 0 | 1 {
  if (isDigits(a) !== isDigits(b)) return isDigits(a) ? -1 : 1
  return isDigits(a) ? compareValues(clamped(a), clamped(b)) : compareValues(a, b)
}

// OPA compares numbers past 64 bits as if they were the largest.
function clamped(digits: string): bigint {
  const number = digits.length > 19 ? largest : BigInt(digits)
  return number > largest ? largest : number
}
