import type { Charge } from './builtin.js'

/**
 * What reading, taking apart and writing so many bytes takes at most, nanoseconds. Much at once costs more for each byte,
 * because it lives long enough to be moved about in memory.
 */
export function handlingCost(bytes: number): number {
  return bytes * Math.min(100 + bytes / 200, 500)
}

/** Charges what comes in small sums together: each charge goes to the module itself. */
export function inLargerSums(charge: Charge): Charge {
  let owed = 0
  return (nanoseconds) => {
    owed += nanoseconds
    if (owed < 50_000) return
    charge(owed)
    owed = 0
  }
}
