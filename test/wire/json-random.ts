/** Repeatable randomness: the same seed gives the same numbers. */
export interface Random {
  /** An integer from 0 up to, and without, `limit`. */
  below(limit: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  shuffle<Item>(items: readonly Item[]): Item[]
}

export function createRandom(seed: number): Random {
  let state = seed
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return {
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    shuffle: (items) =>
      items
        .map((item) => ({ item, order: below(2 ** 30) }))
        .sort((a, b) => a.order - b.order)
        .map(({ item }) => item),
  }
}

export type RandomJson =
  null | boolean | number | string | RandomJson[] | { [key: string]: RandomJson }

const texts = [
  '',
  'a',
  'query',
  'ü',
  '€',
  '😀',
  '"',
  '\\',
  '\n',
  '\u0000',
  '\u2028',
  'x'.repeat(70),
] as const
const numbers = [
  0, 1, -1, 17, 0.5, -2.25, 1e21, 1e-7, 123456789012, 5e-324, 1.7976931348623157e308,
] as const

/** Any JSON value, containers at most `depth` deep. */
export function randomJson(random: Random, depth: number): RandomJson {
  switch (random.below(depth > 0 ? 8 : 5)) {
    case 0:
      return random.pick([null, true, false])
    case 1:
    case 2:
      return random.pick(numbers)
    case 3:
    case 4:
      return randomText(random)
    case 5:
      return Array.from({ length: random.below(5) }, () => randomJson(random, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(7) }, () => [
          randomText(random),
          randomJson(random, depth - 1),
        ]),
      )
  }
}

export function randomText(random: Random): string {
  return Array.from({ length: random.below(4) }, () => random.pick(texts)).join('')
}

/** One of the many ways to spell the value: white space and escapes at random, members in any order. */
export function spell(value: RandomJson, random: Random): string {
  const space = (): string => random.pick(['', '', '', ' ', '\n', '\t\r\n'])
  const join = (parts: string[]): string => parts.join(`${space()},${space()}`)
  if (typeof value === 'string') return spellText(value, random)
  if (typeof value === 'number') return spellNumber(value, random)
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) {
    return `[${space()}${join(value.map((item) => spell(item, random)))}${space()}]`
  }
  const members = random.shuffle(Object.entries(value))
  const spelled = members.map(
    ([key, item]) => `${spellText(key, random)}${space()}:${space()}${spell(item, random)}`,
  )
  return `{${space()}${join(spelled)}${space()}}`
}

function spellText(text: string, random: Random): string {
  const escape = (char: string): string => {
    const hex = char.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${random.pick([hex, hex.toUpperCase()])}`
  }
  const units = Array.from(text, (char) => {
    if (random.below(4) === 0) return char.split('').map(escape).join('')
    if (char === '/') return random.pick(['/', '\\/'])
    return JSON.stringify(char).slice(1, -1)
  })
  return `"${units.join('')}"`
}

function spellNumber(value: number, random: Random): string {
  const plain = String(value)
  if (plain.includes('e')) return random.pick([plain, plain.toUpperCase()])
  const point = plain.includes('.') ? '' : '.'
  return random.pick([plain, `${plain}${point}00`, `${plain}e0`, `${plain}${point}0E+00`])
}
