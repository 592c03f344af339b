import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonValue } from '../domain/json.js'
import type { MergePatch, OperationsPatch } from '../domain/obligation.js'
import { createPlaces } from './combine-places.js'
import { isPosition, pointer, tokensOf, touchesOf, type Touch } from './combine-touches.js'

/**
 * The first place to which two patches give different values, as a JSON pointer; undefined where both can be carried
 * out, operations before merges, and the order of equals makes no difference.
 */
export function clashOf(
  one: MergePatch | OperationsPatch,
  other: MergePatch | OperationsPatch,
): string | undefined {
  if (one.type === 'merge') {
    return other.type === 'merge' ? clashOfMerges(one, other) : clashOfBoth(one, other)
  }
  return other.type === 'merge' ? clashOfBoth(other, one) : clashOfOperations(one, other)
}

/**
 * A place that the operations carry to another or, where `counted`, whose neighbours in an array they move; undefined
 * where everything stays where it is or goes.
 */
export function displacedBy({ operations }: OperationsPatch, counted: boolean): string | undefined {
  for (const operation of operations) {
    const { op, path } = operation
    if (op === 'move' || op === 'copy') return operation.from
    const shifts = (op === 'add' && !path.endsWith('/-')) || op === 'remove'
    if (counted && shifts && isPosition(tokensOf(path).at(-1))) return path
  }
  return undefined
}

function clashOfMerges(one: MergePatch, other: MergePatch): string | undefined {
  return one.root === other.root
    ? clashOfValues(one.value, other.value, [one.root])
    : pointer([one.root])
}

/** RFC 7396: objects are merged member by member; anything else is given whole, `null` to delete. */
function clashOfValues(
  one: JsonValue,
  other: JsonValue,
  at: readonly string[],
): string | undefined {
  if (!isJsonObject(one) || !isJsonObject(other)) {
    return isDeepStrictEqual(one, other) ? undefined : pointer(at)
  }
  for (const [key, value] of Object.entries(one)) {
    const second = Object.hasOwn(other, key) ? other[key] : undefined
    const clash = second === undefined ? undefined : clashOfValues(value, second, [...at, key])
    if (clash !== undefined) return clash
  }
  return undefined
}

function clashOfBoth(merge: MergePatch, { operations }: OperationsPatch): string | undefined {
  for (const operation of operations) {
    for (const touch of touchesOf(operation)) {
      if (touch.type !== 'reads' && !agrees(merge, touch)) return pointer(touch.place)
    }
  }
  return undefined
}

/** Whether what the operation leaves at its place is what the merge makes of it. */
function agrees({ root, value }: MergePatch, touch: Exclude<Touch, { type: 'reads' }>): boolean {
  const given = givenAt({ [root]: value }, touch.place)
  if (given === 'apart') return true
  if (given === 'above') return false
  switch (touch.type) {
    case 'sets':
      if (given.value === null) return false
      return isDeepStrictEqual(merged(touch.value, given.value), touch.value)
    case 'removes':
      return given.value === null
    case 'fills':
      return false
  }
}

/** What a merge patch says of a place: nothing, something of a place above it, or a value. */
function givenAt(
  patch: JsonValue,
  place: readonly string[],
): 'apart' | 'above' | { readonly value: JsonValue } {
  let value: JsonValue = patch
  for (const token of place) {
    // A merge makes an object of an array whose items the operation counts.
    if (!isJsonObject(value) || isPosition(token)) return 'above'
    const inner: JsonValue | undefined = Object.hasOwn(value, token) ? value[token] : undefined
    if (inner === undefined) return 'apart'
    value = inner
  }
  return { value }
}

function merged(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch
  const members = new Map(Object.entries(isJsonObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key)
    else members.set(key, merged(members.get(key) ?? null, value))
  }
  return Object.fromEntries(members)
}

function clashOfOperations(one: OperationsPatch, other: OperationsPatch): string | undefined {
  // What everybody wants alike is carried out once.
  if (isDeepStrictEqual(one.operations, other.operations)) return undefined
  const places = createPlaces(other.operations.flatMap(touchesOf))
  const clash = one.operations.flatMap(touchesOf).find((touch) => !places.allow(touch))
  return clash === undefined ? undefined : pointer(clash.place)
}
