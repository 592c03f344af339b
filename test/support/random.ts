/** Numbers that look random and are the same in every run. */
export interface Random {
  /** A whole number from 0 to `limit - 1`. */
  readonly below: (limit: number) => number
  readonly oneOf: <Item>(items: readonly [Item, ...Item[]]) => Item
}

/** The mulberry32 generator. */
export function createRandom(seed: number): Random {
  let state = seed
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  return { below, oneOf: (items) => items[below(items.length)] ?? items[0] }
}
