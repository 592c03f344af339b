import type { FieldStep } from '../domain/field-path.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'

/** A schema inside a schema, and what it describes: the same value, or which members or items of it. */
export interface SchemaPart {
  readonly place:
    | { readonly type: 'same' }
    /** The same value, by a schema elsewhere. */
    | { readonly type: 'reference'; readonly to: string }
    | { readonly type: 'items' }
    | Extract<FieldStep, { readonly type: 'any' | 'key' | 'index' }>
  readonly schema: JsonValue | undefined
}

/** The schemas in the keywords of JSON Schema 2020-12 and draft 7. */
export function schemaParts(schema: JsonObject): readonly SchemaPart[] {
  return [
    ...references.flatMap((keyword) => referenceIn(schema[keyword])),
    ...sameValue.flatMap((keyword) => listOf(schema[keyword]).map(at({ type: 'same' }))),
    ...sameValueByName.flatMap((keyword) => valuesOf(schema[keyword]).map(at({ type: 'same' }))),
    ...Object.entries(membersOf(schema['properties'])).map(([name, property]) =>
      at({ type: 'key', name })(property),
    ),
    ...anyMember.map((keyword) => at({ type: 'any' })(schema[keyword])),
    ...valuesOf(schema['patternProperties']).map(at({ type: 'any' })),
    ...tuples.flatMap((keyword) => itemsIn(schema[keyword])),
    ...anyItem.map((keyword) => at({ type: 'items' })(schema[keyword])),
  ]
}

const references = ['$ref', '$dynamicRef', '$recursiveRef']
// a string counts as the document that it holds
const sameValue = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not', 'contentSchema']
const sameValueByName = ['dependentSchemas', 'dependencies']
const anyMember = ['additionalProperties', 'unevaluatedProperties']
const tuples = ['prefixItems', 'items']
const anyItem = ['items', 'additionalItems', 'unevaluatedItems', 'contains']

function at(place: SchemaPart['place']): (schema: JsonValue | undefined) => SchemaPart {
  return (schema) => ({ place, schema })
}

function referenceIn(value: JsonValue | undefined): readonly SchemaPart[] {
  if (typeof value !== 'string') return []
  return [{ place: { type: 'reference', to: value }, schema: undefined }]
}

function itemsIn(value: JsonValue | undefined): readonly SchemaPart[] {
  if (!Array.isArray(value)) return []
  return listOf(value).map((schema, index) => at({ type: 'index', index })(schema))
}

/** A keyword that has one schema counts as a list of it. */
function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [value]
}

function valuesOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Object.values(membersOf(value))
}

function membersOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
