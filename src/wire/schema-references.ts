import { isJsonObject, type JsonValue } from '../domain/json.js'

/**
 * What the references of a JSON Schema lead to within it: by JSON pointer, by `$anchor` and `$dynamicAnchor`, by `$id`.
 * Undefined for one that leads elsewhere, or that could mean several: a schema with an `$id` inside another is a
 * document of its own, and a reference of either may be meant.
 */
export function schemaReferences(root: JsonValue): (reference: string) => JsonValue | undefined {
  let targets: Targets | undefined
  return (reference) => {
    targets ??= targetsIn(root)
    const { named, documents } = targets
    if (reference !== '#' && !reference.startsWith('#/')) return onlyOne(named.get(reference))
    if (documents.length > mostDocuments) return undefined
    return onlyOne(new Set(documents.map((document) => atPointer(document, reference))))
  }
}

/** Schemas are the server's to write, and each reference is looked for in every document. */
const mostDocuments = 16

interface Targets {
  /** Schemas by all that a reference may call them. */
  readonly named: ReadonlyMap<string, ReadonlySet<JsonValue>>
  /** The schema itself, and those inside it that have an `$id`. */
  readonly documents: readonly JsonValue[]
}

function onlyOne(found: ReadonlySet<JsonValue | undefined> | undefined): JsonValue | undefined {
  const values = [...(found ?? [])].filter((value) => value !== undefined)
  return values.length === 1 ? values[0] : undefined
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

function targetsIn(root: JsonValue): Targets {
  const named = new Map<string, Set<JsonValue>>()
  const documents = [root]
  const put = (name: string, value: JsonValue): void => {
    named.set(name, (named.get(name) ?? new Set()).add(value))
  }
  const waiting: JsonValue[] = [root]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue
    for (const inner of Object.values(value)) waiting.push(inner)
    if (!isJsonObject(value)) continue
    const { $id, $anchor, $dynamicAnchor } = value
    if (typeof $id === 'string') put($id, value)
    if (typeof $id === 'string' && value !== root) documents.push(value)
    if (typeof $anchor === 'string') put(`#${$anchor}`, value)
    if (typeof $dynamicAnchor === 'string') put(`#${$dynamicAnchor}`, value)
  }
  return { named, documents }
}
