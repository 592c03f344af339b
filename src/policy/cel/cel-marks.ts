import type { CelList, CelMap, CelValue } from './engine.js'

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
