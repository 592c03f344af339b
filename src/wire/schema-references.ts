import { isJsonObject, type JsonValue } from '../domain/json.js'

/**
 * What the references of a JSON Schema lead to within it: by JSON pointer, by `$anchor` and `$dynamicAnchor`, by `$id`.
 * Undefined for one that leads elsewhere.
 */
export function schemaReferences(root: JsonValue): (reference: string) => JsonValue | undefined {
  let named: ReadonlyMap<string, JsonValue> | undefined
  return (reference) => {
    if (reference === '#' || reference.startsWith('#/')) return atPointer(root, reference)
    named ??= namedIn(root)
    return named.get(reference)
  }
}

function atPointer(root: JsonValue, reference: string): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const token of tokensOf(reference)) {
    value = childOf(value, token.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return value
}

/** RFC 6901, section 6. A reference that is no URI fragment leads nowhere. */
function tokensOf(reference: string): readonly string[] {
  try {
    return decodeURIComponent(reference.slice(1)).split('/').slice(1)
  } catch {
    return ['']
  }
}

function childOf(value: JsonValue | undefined, token: string): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[])[Number(token)]
  return isJsonObject(value) && Object.hasOwn(value, token) ? value[token] : undefined
}

function namedIn(root: JsonValue): ReadonlyMap<string, JsonValue> {
  const named = new Map<string, JsonValue>()
  const waiting: JsonValue[] = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue
    for (const inner of Object.values(value)) waiting.push(inner)
    if (!isJsonObject(value)) continue
    const { $id, $anchor, $dynamicAnchor } = value
    if (typeof $id === 'string') named.set($id, value)
    if (typeof $anchor === 'string') named.set(`#${$anchor}`, value)
    if (typeof $dynamicAnchor === 'string') named.set(`#${$dynamicAnchor}`, value)
  }
  return named
}
