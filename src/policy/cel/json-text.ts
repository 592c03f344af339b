import { decodeLiteral, endOfValue, readKey, skipSpace } from '../../wire/json-tree-scan.js'
import { asList, asMap, listMark, mapMark } from './cel-marks.js'
import type { CelValue } from './engine.js'
import { readNumber } from './json-number.js'
import { spend, spendMiss, spendReading } from './meter.js'

/**
 * A JSON value as the stretch of text that it is, checked before. A level of it is read when somebody asks for a part of
 * it, so that what no condition reads takes no more than passing over it, and numbers are those that are written.
 */
export interface JsonText {
  readonly text: string
  readonly start: number
  readonly end: number
  /** The same value each time. */
  readonly value: CelValue
}

export function createJsonText(text: string, start: number, end: number): JsonText {
  return new Stretch(text, start, end)
}

export function isJsonText(value: unknown): value is JsonText {
  return value instanceof Stretch
}

/** A member of an object that is read from a text. */
export function memberText(value: CelValue, name: string): JsonText | undefined {
  return textMap(value)?.all().get(name)
}

function textMap(value: unknown): TextMap | undefined {
  return value instanceof TextMap ? value : undefined
}

class Stretch implements JsonText {
  readonly text: string
  readonly start: number
  readonly end: number
  #value: CelValue | undefined

  constructor(text: string, start: number, end: number) {
    this.text = text
    this.start = start
    this.end = end
  }

  get value(): CelValue {
    this.#value ??= readValue(this.text, this.start, this.end)
    return this.#value
  }
}

function readValue(text: string, start: number, end: number): CelValue {
  switch (text[start]) {
    case '{':
      return asMap(new TextMap(text, start, end))
    case '[':
      return asList(new TextList(text, start, end))
    case '"':
      spendReading(end - start)
      return decodeLiteral(text.slice(start, end))
    case 't':
      return true
    case 'f':
      return false
    case 'n':
      return null
    case undefined:
    default:
      return readNumber(text.slice(start, end))
  }
}

// Classes, as one is made for each array and object that is read.

class TextList {
  readonly #text: string
  readonly #start: number
  readonly #end: number
  /** Start and end of each item; undefined before somebody asks. */
  #bounds: readonly number[] | undefined
  /** Arrays and objects among the items that were read. */
  readonly #made = new Map<number, CelValue>()

  constructor(text: string, start: number, end: number) {
    this.#text = text
    this.#start = start
    this.#end = end
  }

  get [listMark](): true {
    return true
  }

  get size(): number {
    return this.#all().length / 2
  }

  get(index: number): CelValue | undefined {
    const bounds = this.#all()
    const [start, end] = [bounds[index * 2], bounds[index * 2 + 1]]
    return start === undefined || end === undefined ? undefined : this.#item(index, start, end)
  }

  *values(): IterableIterator<CelValue> {
    const { size } = this
    for (let at = 0; at < size; at += 1) yield this.get(at) ?? null
  }

  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values()
  }

  #item(index: number, start: number, end: number): CelValue {
    const made = this.#made.get(index)
    if (made !== undefined) return made
    const value = readValue(this.#text, start, end)
    if (typeof value === 'object' && value !== null) this.#made.set(index, value)
    return value
  }

  #all(): readonly number[] {
    if (this.#bounds !== undefined) return this.#bounds
    spendReading(this.#end - this.#start)
    const bounds: number[] = []
    let at = skipSpace(this.#text, this.#start + 1)
    while (at < this.#end - 1) {
      spend(stepsPerItem)
      const end = endOfValue(this.#text, at)
      bounds.push(at, end)
      at = skipSpace(this.#text, skipSpace(this.#text, end) + 1)
    }
    this.#bounds = bounds
    return bounds
  }
}

const stepsPerItem = 0.5
const stepsPerMember = 1.5

class TextMap {
  readonly #text: string
  readonly #start: number
  readonly #end: number
  #members: ReadonlyMap<string, JsonText> | undefined

  constructor(text: string, start: number, end: number) {
    this.#text = text
    this.#start = start
    this.#end = end
  }

  get [mapMark](): true {
    return true
  }

  get size(): number {
    return this.all().size
  }

  get(key: unknown): CelValue | undefined {
    const member = typeof key === 'string' ? this.all().get(key) : undefined
    if (member === undefined) spendMiss()
    return member?.value
  }

  has(key: unknown): boolean {
    return typeof key === 'string' && this.all().has(key)
  }

  keys(): IterableIterator<string> {
    return this.all().keys()
  }

  *entries(): IterableIterator<[string, CelValue]> {
    for (const [key, member] of this.all()) yield [key, member.value]
  }

  [Symbol.iterator](): IterableIterator<[string, CelValue]> {
    return this.entries()
  }

  all(): ReadonlyMap<string, JsonText> {
    if (this.#members !== undefined) return this.#members
    spendReading(this.#end - this.#start)
    const members = new Map<string, JsonText>()
    let at = skipSpace(this.#text, this.#start + 1)
    while (at < this.#end - 1) {
      spend(stepsPerMember)
      const { key, valueAt } = readKey(this.#text, at)
      const end = endOfValue(this.#text, valueAt)
      members.set(key, new Stretch(this.#text, valueAt, end))
      at = skipSpace(this.#text, skipSpace(this.#text, end) + 1)
    }
    this.#members = members
    return members
  }
}
