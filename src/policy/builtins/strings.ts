import type { RegoValue } from '../rego-value.js'
import type { Builtin, Builtins } from './builtin.js'
import { asInteger, asText, asTexts } from './operands.js'

export const strings: Builtins = {
  'strings.any_prefix_match': anyMatch((text) => text),
  'strings.any_suffix_match': anyMatch((text) => text.split('').reverse().join('')),
  'strings.count': ofTexts((text, part) =>
    BigInt(
      part === '' ? codePointsOf(text).length + 1 : apart(occurrences(text, part), part).length,
    ),
  ),
  'strings.split_n': {
    cost: (bytes) => 2_000 + bytes * 100,
    call([first, second, third]) {
      const text = asText(first)
      const separator = asText(second)
      const count = asInteger(third)
      if (text === undefined || separator === undefined || count === undefined) return undefined
      const parts = split(text, separator)
      return count >= 0 ? parts.slice(0, count) : parts.slice(count)
    },
  },
  indexof_n: ofTexts((text, part) =>
    part === '' ? undefined : inCodePoints(text, occurrences(text, part)),
  ),
}

function ofTexts(call: (text: string, part: string) => RegoValue | undefined): Builtin {
  return {
    cost: (bytes) => 2_000 + bytes * 100,
    call([first, second]) {
      const text = asText(first)
      const part = asText(second)
      return text === undefined || part === undefined ? undefined : call(text, part)
    },
  }
}

/** Whether one of the texts starts with one of the others, each turned the way in which to compare. */
function anyMatch(turn: (text: string) => string): Builtin {
  return {
    // Sorting compares each character once for each time that the number of texts doubles.
    cost: (bytes) => 2_000 + bytes * (30 + 4 * Math.log2(bytes + 1)),
    call([first, second]) {
      const texts = oneOrMore(first)
      const starts = oneOrMore(second)
      if (texts === undefined || starts === undefined) return undefined
      const ordered = texts.map(turn).sort()
      return starts.some((start) => startsOne(ordered, turn(start)))
    },
  }
}

function oneOrMore(value: RegoValue | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : asTexts(value)
}

// Whatever has a common start stands together, right behind the place of that start.
function startsOne(ordered: readonly string[], start: string): boolean {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ordered[middle] ?? '') < start) low = middle + 1
    else high = middle
  }
  return ordered[low]?.startsWith(start) === true
}

/** Where the part begins in the text, overlapping ones as well; linear, whatever the two are (Knuth, Morris, Pratt). */
function occurrences(text: string, part: string): readonly number[] {
  const borders = bordersOf(part)
  const found: number[] = []
  let matched = 0
  for (let at = 0; at < text.length; at += 1) {
    while (matched > 0 && text[at] !== part[matched]) matched = borders[matched - 1] ?? 0
    if (text[at] === part[matched]) matched += 1
    if (matched === part.length) {
      found.push(at - matched + 1)
      matched = borders[matched - 1] ?? 0
    }
  }
  return found
}

/** For each start of the part, how long an end of it is a start as well. */
function bordersOf(part: string): Uint32Array {
  const borders = new Uint32Array(part.length)
  let matched = 0
  for (let at = 1; at < part.length; at += 1) {
    while (matched > 0 && part[at] !== part[matched]) matched = borders[matched - 1] ?? 0
    if (part[at] === part[matched]) matched += 1
    borders[at] = matched
  }
  return borders
}

/** Those of the occurrences that begin behind the end of the one before. */
function apart(found: readonly number[], part: string): readonly number[] {
  let end = 0
  return found.filter((at) => {
    if (at < end) return false
    end = at + part.length
    return true
  })
}

function split(text: string, separator: string): readonly string[] {
  if (separator === '') return codePointsOf(text)
  const parts: string[] = []
  let start = 0
  for (const at of apart(occurrences(text, separator), separator)) {
    parts.push(text.slice(start, at))
    start = at + separator.length
  }
  parts.push(text.slice(start))
  return parts
}

function codePointsOf(text: string): readonly string[] {
  return Array.from(text)
}

function inCodePoints(text: string, found: readonly number[]): readonly bigint[] {
  let units = 0
  let points = 0
  return found.map((at) => {
    for (; units < at; points += 1) units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1
    return BigInt(points)
  })
}
