import { celUint, type CelValue } from './engine.js'

export const smallestInt = -(2n ** 63n)
export const largestInt = 2n ** 63n - 1n
export const largestUint = 2n ** 64n - 1n

/** `int` where it fits, else `uint`, else `double`. */
export function wholeNumber(exact: bigint, double: number): CelValue {
  if (exact >= smallestInt && exact <= largestInt) return exact
  return exact > 0n && exact <= largestUint ? celUint(exact) : double
}
