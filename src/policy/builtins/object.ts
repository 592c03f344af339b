import { isRegoArray } from '../rego-text.js'
import type { RegoArray, RegoObject, RegoSet, RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { canonicalText } from './canonical-text.js'
import { handlingCost } from './handling-cost.js'
import { isComposite, isRegoObject } from './json-value.js'

export const object: Builtins = {
  'object.subset': {
    cost: (bytes) => 10_000 + handlingCost(bytes),
    call([first, second]) {
      if (first === undefined || second === undefined) return undefined
      if (isRegoArray(first) && isRegoSet(second)) return hasMembers(first, second)
      return isSubset(first, second)
    },
  },
}

/** Undefined for values that have no parts, or parts of different kinds. */
function isSubset(whole: RegoValue, part: RegoValue): boolean | undefined {
  if (isRegoObject(whole) && isRegoObject(part)) return isSubobject(whole, part)
  if (isRegoSet(whole) && isRegoSet(part)) return part.members.every(isMemberOf(whole))
  if (isRegoArray(whole) && isRegoArray(part)) return isSubarray(whole, part)
  return undefined
}

/** What objects hold is compared in the same way, down to what is no object, set or array. */
function isSubobject(whole: RegoObject, part: RegoObject): boolean {
  const held = new Map(whole.entries.map(([key, value]) => [canonicalText(key), value]))
  return part.entries.every(([key, value]) => {
    const other = held.get(canonicalText(key))
    if (other === undefined) return false
    return isSubset(other, value) ?? canonicalText(other) === canonicalText(value)
  })
}

function isMemberOf({ members }: RegoSet): (value: RegoValue) => boolean {
  const texts = new Set(members.map(canonicalText))
  return (value) => texts.has(canonicalText(value))
}

/** Whether the part stands in the whole in one piece; linear in both (Knuth, Morris, Pratt). */
function isSubarray(whole: RegoArray, part: RegoArray): boolean {
  if (part.length === 0) return true
  const sought = part.map(canonicalText)
  const borders = bordersOf(sought)
  let matched = 0
  for (const value of whole) {
    matched = extended(sought, borders, matched, canonicalText(value))
    if (matched === sought.length) return true
  }
  return false
}

/** For each start of the part, how long an end of it is a start as well. */
function bordersOf(part: readonly string[]): readonly number[] {
  const borders = [0]
  for (const text of part.slice(1)) borders.push(extended(part, borders, borders.at(-1) ?? 0, text))
  return borders
}

function extended(
  part: readonly string[],
  borders: readonly number[],
  matched: number,
  text: string,
): number {
  let length = matched
  while (length > 0 && part[length] !== text) length = borders[length - 1] ?? 0
  return part[length] === text ? length + 1 : 0
}

/** Whether the array has as many members of the set as there are; one that it has twice counts twice, as in OPA. */
function hasMembers(whole: RegoArray, part: RegoSet): boolean {
  return whole.length > 0 && whole.filter(isMemberOf(part)).length >= part.members.length
}

function isRegoSet(value: RegoValue): value is RegoSet {
  return isComposite(value) && !isRegoArray(value) && value.type === 'set'
}
