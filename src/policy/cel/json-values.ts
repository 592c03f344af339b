import { asList, asMap, listMark, mapMark } from './cel-marks.js'
import type { CelValue } from './engine.js'
import { isJsonText, type JsonText } from './json-text.js'
import { spend, spendMiss } from './meter.js'
import { wholeNumber } from './whole-number.js'

/** What roots are made of: JSON as JavaScript holds it, and stretches of the document where it is read from there. */
export type JsonTree =
  null | boolean | number | string | JsonText | readonly JsonTree[] | JsonTreeObject

export interface JsonTreeObject {
  readonly [key: string]: JsonTree
}

/** The value that conditions see; arrays and objects are wrapped one level at a time, when they are read. */
export function celValueOf(tree: JsonTree): CelValue {
  if (typeof tree === 'number') {
    return Number.isInteger(tree) ? wholeNumber(BigInt(tree), tree) : tree
  }
  if (typeof tree !== 'object' || tree === null) return tree
  if (isJsonText(tree)) return tree.value
  return isArray(tree) ? asList(new TreeList(tree)) : asMap(new TreeMap(tree))
}

export function isArray(tree: readonly JsonTree[] | JsonTreeObject): tree is readonly JsonTree[] {
  return Array.isArray(tree)
}

class TreeList {
  readonly #items: readonly JsonTree[]

  constructor(items: readonly JsonTree[]) {
    this.#items = items
  }

  get [listMark](): true {
    return true
  }

  get size(): number {
    return this.#items.length
  }

  get(index: number): CelValue | undefined {
    const item = this.#items[index]
    return item === undefined ? undefined : celValueOf(item)
  }

  *values(): IterableIterator<CelValue> {
    for (const item of this.#items) yield celValueOf(item)
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }
}

class TreeMap {
  readonly #members: JsonTreeObject
  #names: readonly string[] | undefined

  constructor(members: JsonTreeObject) {
    this.#members = members
  }

  get [mapMark](): true {
    return true
  }

  get size(): number {
    return this.#all().length
  }

  /** Only a member of its own, whatever it is called. */
  get(key: unknown): CelValue | undefined {
    const member = this.has(key) ? this.#members[key as string] : undefined
    if (member !== undefined) return celValueOf(member)
    spendMiss()
    return undefined
  }

  has(key: unknown): boolean {
    return typeof key === 'string' && Object.hasOwn(this.#members, key)
  }

  keys(): IterableIterator<string> {
    return this.#all().values()
  }

  *entries(): IterableIterator<[string, CelValue]> {
    for (const key of this.#all()) yield [key, celValueOf(this.#members[key] ?? null)]
  }

  [Symbol.iterator](): IterableIterator<[string, CelValue]> {
    return this.entries()
  }

  #all(): readonly string[] {
    if (this.#names !== undefined) return this.#names
    const names = Object.keys(this.#members)
    spend(names.length / 4)
    this.#names = names
    return names
  }
}
