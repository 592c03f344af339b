import { celUint, type CelList, type CelMap, type CelValue } from './engine.js'

// What the library knows its own lists and maps by. Its own would be built whole before they are read, take a member
// that is null for an absent one, and ask objects for their constructor.
export const listMark = Symbol.for('@bufbuild/cel/list')
export const mapMark = Symbol.for('@bufbuild/cel/map')

export function asList(list: Iterable<CelValue> & { readonly size: number }): CelList {
  return list as unknown as CelList
}

export function asMap(map: {
  has(key: unknown): boolean
  get(key: unknown): CelValue | undefined
}): CelMap {
  return map as unknown as CelMap
}

export const smallestInt = -(2n ** 63n)
export const largestInt = 2n ** 63n - 1n
export const largestUint = 2n ** 64n - 1n

/** `int` where it fits, else `uint`, else `double`. */
export function wholeNumber(exact: bigint, double: number): CelValue {
  if (exact >= smallestInt && exact <= largestInt) return exact
  return exact > 0n && exact <= largestUint ? celUint(exact) : double
}
