import { createHash } from 'node:crypto'

/** The same numbers for the same name, whatever else is generated. */
export function createRandom(name) {
  let state = createHash('sha256').update(name).digest().readUInt32LE(0)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit) => Math.floor(next() * limit)
  const pick = (values) => values[below(values.length)]
  return {
    /** From 0 up to 1. */
    next,
    below,
    /** Both ends included. */
    between: (low, high) => low + below(high - low + 1),
    pick,
    /** True once in `of`. */
    once: (of) => below(of) === 0,
    list: (most, make) => Array.from({ length: below(most + 1) }, () => make()),
    /** Up to `most` characters of the alphabet. */
    text: (most, alphabet = usualAlphabet) =>
      Array.from({ length: below(most + 1) }, () => pick(alphabet)).join(''),
  }
}

const usualAlphabet = [
  ...'abcABC019 .,:/-_%+"\\\'\n\t{}[]()*$',
  'é',
  'ß',
  '日',
  '😀',
  '\u0000',
  '\u2028',
  '\u00a0',
  '\u0301',
]

/** A number by its text, such as `1.0` or `1e400`. */
export function raw(text) {
  return { rawNumber: text }
}

/** Some value of any type. */
export function wildValue(random, depth = 0) {
  const inner = () => wildValue(random, depth + 1)
  return random.pick([
    () => null,
    () => random.once(2),
    () => random.between(-3, 20),
    () =>
      raw(
        random.pick([
          '1.5',
          '-0.0',
          '1.0',
          '1e3',
          '1e30',
          '-2.5e-7',
          '9223372036854775808',
          '123456789012345678901234567890',
        ]),
      ),
    () => '',
    () => random.text(6),
    () => (depth > 2 ? [] : random.list(3, inner)),
    () => new Set(depth > 2 ? [] : random.list(3, inner)),
    () =>
      new Map(
        depth > 2 ? [] : random.list(3, () => [random.once(2) ? random.text(3) : inner(), inner()]),
      ),
  ])()
}

/** The value as Rego writes it. */
export function printArgument(value) {
  if (Array.isArray(value)) return `[${value.map(printArgument).join(',')}]`
  if (value instanceof Set) {
    const members = [...new Set([...value].map(printArgument))]
    return members.length === 0 ? 'set()' : `{${members.join(',')}}`
  }
  if (value instanceof Map) return printEntries([...value])
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'object' && value !== null) {
    return 'rawNumber' in value ? value.rawNumber : printEntries(Object.entries(value))
  }
  // OPA takes no byte-order mark in a policy.
  return JSON.stringify(value).replaceAll('\ufeff', '\\ufeff')
}

function printEntries(entries) {
  const byKey = new Map(entries.map(([key, held]) => [printArgument(key), printArgument(held)]))
  return `{${[...byKey].map(([key, held]) => `${key}:${held}`).join(',')}}`
}
