import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'

/** A place in a result. JSON that stands in a string is followed, some levels deep. */
export interface ResultPart {
  /** `structuredContent.employees.0.salary`; '' for the result itself. */
  readonly path: string
  /** Of a member of an object. */
  readonly name: string | undefined
  readonly value: JsonValue
}

/** Every part of a result, itself first. `json` is its text. */
export function partsOf(json: string): readonly ResultPart[] {
  const parts: ResultPart[] = []
  collect({ path: '', name: undefined, value: JSON.parse(json) as JsonValue }, deepest, parts)
  return parts
}

const deepest = 4

function collect(part: ResultPart, levels: number, parts: ResultPart[]): void {
  const { path, value } = part
  parts.push(part)
  if (typeof value === 'string') {
    const inner = levels === 0 ? undefined : innerOf(value)
    if (inner !== undefined) collect({ ...part, value: inner }, levels - 1, parts)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const isObject = isJsonObject(value)
  for (const [key, member] of Object.entries<JsonValue>(value)) {
    const below = path === '' ? key : `${path}.${key}`
    collect({ path: below, name: isObject ? key : undefined, value: member }, levels, parts)
  }
}

function innerOf(text: string): JsonValue | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined // It only looks like JSON; it was taken as a text already.
  }
}

/**
 * The first part that is, or has, what is looked for: a text in a string, a member's name or a value as it is spelled;
 * an object with at least these members; an array with at least these items.
 */
export function findPart(parts: readonly ResultPart[], sought: JsonValue): ResultPart | undefined {
  return parts.find((part) =>
    typeof sought === 'string' ? hasText(part, sought) : isPartOf(sought, part.value),
  )
}

function hasText({ name, value }: ResultPart, sought: string): boolean {
  if (name?.includes(sought) === true) return true
  return (typeof value !== 'object' || value === null) && String(value).includes(sought)
}

/** Whether everything of `sought` is in `value` too. */
export function isPartOf(sought: JsonValue, value: JsonValue | undefined): boolean {
  if (value === undefined) return false
  if (isArray(sought)) {
    return isArray(value) && sought.every((item) => value.some((each) => isPartOf(item, each)))
  }
  if (!isJsonObject(sought)) return sought === value
  return (
    isJsonObject(value) &&
    Object.entries(sought).every(([name, member]) => isPartOf(member, ownMember(value, name)))
  )
}

/** The part that looks most like what is sought, cut to the members that are sought; undefined where none is alike. */
export function likestPart(
  parts: readonly ResultPart[],
  sought: JsonObject,
): ResultPart | undefined {
  let likest: ResultPart | undefined
  let most = 0
  for (const part of parts) {
    const { value } = part
    const likeness = isJsonObject(value) ? likenessOf(sought, value) : 0
    if (likeness <= most) continue
    most = likeness
    likest = { ...part, value: cutTo(sought, value) }
  }
  return likest
}

/** A member that is there counts one, one with what is sought two. */
function likenessOf(sought: JsonObject, value: JsonObject): number {
  return Object.entries(sought).reduce((sum, [name, member]) => {
    const there = ownMember(value, name)
    if (there === undefined) return sum
    return sum + (isPartOf(member, there) ? 2 : 1)
  }, 0)
}

function cutTo(sought: JsonValue, value: JsonValue): JsonValue {
  if (!isJsonObject(sought) || !isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(sought).flatMap(([name, member]) => {
      const there = ownMember(value, name)
      return there === undefined ? [] : [[name, cutTo(member, there)] as const]
    }),
  )
}

function ownMember(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
