import {
  celFunc,
  celMethod,
  CelScalar,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  listType,
  mapType,
  type CelFunc,
  type CelList,
  type CelMap,
  type CelValue,
} from './engine.js'
import { concatenated } from './growing-list.js'
import { spend, spendText, unitsPerStep } from './meter.js'

const { BOOL, BYTES, DOUBLE, DYN, INT, STRING, UINT } = CelScalar
const LIST = listType(DYN)
const MAP = mapType(DYN, DYN)

/** Equality and what is built on it, concatenation, and `size`. */
export const collectionFunctions: readonly CelFunc[] = [
  celFunc('_==_', [DYN, DYN], BOOL, isSame),
  celFunc('_!=_', [DYN, DYN], BOOL, (left, right) => !isSame(left, right)),
  celFunc('@in', [DYN, LIST], BOOL, isIn),
  // The library's own take a member that is null for an absent one.
  ...[STRING, INT, UINT, DOUBLE, BOOL].map((type) => celFunc('@in', [type, MAP], BOOL, isKeyOf)),
  celFunc('_+_', [LIST, LIST], LIST, concatenated),
  celFunc('_+_', [STRING, STRING], STRING, (left, right) => {
    spendText(left.length + right.length)
    return left + right
  }),
  celFunc('_+_', [BYTES, BYTES], BYTES, (left, right) => {
    spendText(left.length + right.length)
    return Buffer.concat([left, right])
  }),
  celFunc('size', [STRING], INT, pointsIn),
  celMethod('size', STRING, [], INT, function () {
    return pointsIn(this)
  }),
]

/** As CEL has it: numbers by value whatever their types are, the rest only where the types are the same. */
function isSame(left: CelValue, right: CelValue): boolean {
  if (typeof left === 'string') {
    if (typeof right !== 'string' || left.length !== right.length) return false
    spendText(left.length)
    return left === right
  }
  if (left === right) return true
  const [a, b] = [numberOf(left), numberOf(right)]
  // Loose, as only so a bigint and a double are compared by value.
  if (a !== undefined || b !== undefined) return a !== undefined && b !== undefined && a == b
  if (typeof left !== 'object' || typeof right !== 'object') return false
  return left !== null && right !== null && isSameObject(left, right)
}

function numberOf(value: CelValue): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  return isCelUint(value) ? value.value : undefined
}

function isSameObject(left: Exclude<CelValue, null>, right: Exclude<CelValue, null>): boolean {
  spend(1)
  if (isCelList(left)) return isCelList(right) && areSameLists(left, right)
  if (isCelMap(left)) return isCelMap(right) && areSameMaps(left, right)
  if (left instanceof Uint8Array) {
    if (!(right instanceof Uint8Array) || left.length !== right.length) return false
    spendText(left.length)
    return Buffer.compare(left, right) === 0
  }
  if (isCelType(left))
    return isCelType(right) && left.name === right.name && left.kind === right.kind
  const [a, b] = [momentOf(left), momentOf(right)]
  return a !== undefined && a === b
}

function areSameLists(left: CelList, right: CelList): boolean {
  if (left.size !== right.size) return false
  for (let at = 0; at < left.size; at += 1) {
    spend(1)
    if (!isSame(left.get(at) ?? null, right.get(at) ?? null)) return false
  }
  return true
}

function areSameMaps(left: CelMap, right: CelMap): boolean {
  if (left.size !== right.size) return false
  for (const [key, value] of left) {
    spend(1)
    const other = right.get(key)
    if (other === undefined || !isSame(value, other)) return false
  }
  return true
}

/** Timestamps and durations, which are messages of seconds and nanoseconds. */
function momentOf(value: unknown): string | undefined {
  const { message } = value as { message?: { $typeName: string; seconds?: bigint; nanos?: number } }
  if (message?.seconds === undefined) return undefined
  return `${message.$typeName} ${message.seconds} ${message.nanos ?? 0}`
}

function isIn(value: CelValue, list: CelList): boolean {
  for (let at = 0; at < list.size; at += 1) {
    spend(0.5)
    if (isSame(value, list.get(at) ?? null)) return true
  }
  return false
}

function isKeyOf(key: Exclude<Parameters<CelMap['get']>[0], undefined>, map: CelMap): boolean {
  if (typeof key === 'string') spendText(key.length)
  return map.get(key) !== undefined
}

/** Unicode code points. */
function pointsIn(text: string): bigint {
  spend((text.length * 4) / unitsPerStep)
  let points = text.length
  for (let at = 1; at < text.length; at += 1) {
    if (isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1))) points -= 1
  }
  return BigInt(points)
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}
