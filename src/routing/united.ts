import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'

/**
 * Two values as one: of objects every member, of lists every item once, of two flags whether one is set; of anything
 * else the first.
 */
export function united(one: JsonValue | undefined, other: JsonValue | undefined): JsonValue {
  if (one === undefined || other === undefined) return one ?? other ?? null
  if (isJsonObject(one) && isJsonObject(other)) return unitedObjects(one, other)
  if (Array.isArray(one) && Array.isArray(other))
    return distinct([one, other].flat() as JsonValue[])
  if (typeof one === 'boolean' && typeof other === 'boolean') return one || other
  return one
}

export function unitedObjects(one: JsonObject, other: JsonObject): JsonObject {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  // Own members only, whatever they are called.
  const at = (object: JsonObject, key: string): JsonValue | undefined =>
    Object.hasOwn(object, key) ? object[key] : undefined
  return Object.fromEntries([...keys].map((key) => [key, united(at(one, key), at(other, key))]))
}

function distinct(items: readonly JsonValue[]): readonly JsonValue[] {
  const seen = new Set<string>()
  return items.filter((item) => {
    const text = JSON.stringify(item)
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
}
