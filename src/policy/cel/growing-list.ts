import { asList, listMark } from './cel-marks.js'
import type { CelList, CelValue } from './engine.js'
import { spend } from './meter.js'

/**
 * Two lists as one. What loops add to their lists is added without a copy: the library would nest a list for each turn,
 * and step through all of them for each item.
 */
export function concatenated(left: CelList, right: CelList): CelList {
  const grown = left instanceof GrowingList && left.isWhole() ? left : undefined
  spend((right.size + (grown === undefined ? left.size : 0)) / itemsPerStep)
  const items = grown?.items ?? [...left]
  for (const value of right) items.push(value)
  return asList(new GrowingList(items, items.length))
}

const itemsPerStep = 2

/** A list that others may go on from: they share the items. */
class GrowingList {
  readonly items: CelValue[]
  readonly size: number

  constructor(items: CelValue[], size: number) {
    this.items = items
    this.size = size
  }

  get [listMark](): true {
    return true
  }

  /** Whether no other list was built on it. */
  isWhole(): boolean {
    return this.items.length === this.size
  }

  get(index: number): CelValue | undefined {
    return index < this.size ? this.items[index] : undefined
  }

  *values(): IterableIterator<CelValue> {
    for (let at = 0; at < this.size; at += 1) {
      const item = this.items[at]
      if (item !== undefined) yield item
    }
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }
}
