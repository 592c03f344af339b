/**
 * Fuel that a millisecond of computing takes on the machine that it was measured on, at the slow end of all kinds of
 * work: there a budget in milliseconds is kept by code that has run before. A machine may be faster or slower, but the
 * same call is stopped, or not, on all of them. How it was found, and what it does not hold for:
 * docs/adr/0018-fuel-counted-in-the-module.md; `node bench/run.mjs guard` measures it again.
 */
export const fuelPerMs = 30_000_000
