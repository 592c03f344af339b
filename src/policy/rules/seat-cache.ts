import type { Seat } from './rule-index.js'

/** Keeps what was found for names. Those come from callers as well, so that neither names nor rules may add up. */
export interface SeatCache {
  get(key: string): readonly Seat[] | undefined
  keep(key: string, seats: readonly Seat[]): void
}

export function createSeatCache(): SeatCache {
  const kept = new Map<string, readonly Seat[]>()
  let keptRules = 0
  return {
    get: (key) => kept.get(key),
    keep(key, seats) {
      if (key.length > longestKey) return
      const rules = seats.reduce((sum, seat) => sum + seat.rules.length, 0)
      if (kept.size >= mostNames || keptRules + rules > mostRules) {
        kept.clear()
        keptRules = 0
      }
      kept.set(key, seats)
      keptRules += rules
    },
  }
}

const longestKey = 512
const mostNames = 5_000
// Eight megabytes of references.
const mostRules = 1_000_000
