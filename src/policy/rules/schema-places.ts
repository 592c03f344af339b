import type { FieldPath, FieldStep } from '../../domain/field-path.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../../domain/json.js'
import { type SchemaPart, schemaParts } from '../../wire/schema-parts.js'
import { schemaReferences } from '../../wire/schema-references.js'

/**
 * Whether a path names nothing in the results that a JSON Schema describes. What the schema leaves open may be there;
 * properties beside those that it lists are taken to be absent, unless it speaks of them.
 */
export function namesNothing({ root, steps }: FieldPath, schema: JsonObject): boolean {
  if (root === undefined) return !mayName([{ type: 'deep' }, ...steps], schema)
  const [first, ...others] = steps
  const isInside = first?.type === 'key' && first.name === 'structuredContent'
  return isInside && !mayName(others, schema)
}

function mayName(steps: readonly FieldStep[], root: JsonObject): boolean {
  const referenced = schemaReferences(root)
  const seen = new Map<JsonObject, Set<number>>()

  /** Whether the steps from `at` on may name something in what `schema` describes. */
  function reaches(schema: JsonValue | undefined, at: number, depth: number): boolean {
    const step = steps[at]
    if (!isJsonObject(schema)) return schema === true
    if (step === undefined || depth > deepest) return true
    const visits = seen.get(schema) ?? new Set()
    if (visits.has(at)) return false
    seen.set(schema, visits.add(at))
    const parts = schemaParts(schema).filter(isThere)
    if (parts.length === 0 && isOpen(schema)) return true
    if (step.type === 'deep' && reaches(schema, at + 1, depth + 1)) return true
    return parts.some((part) => {
      const taken = stepsTaken(part, step)
      return taken !== undefined && reaches(schemaOf(part), at + taken, depth + 1)
    })
  }

  /** What a reference leads to outside of the schema may be anything. */
  function schemaOf({ place, schema }: SchemaPart): JsonValue | undefined {
    return place.type === 'reference' ? (referenced(place.to) ?? true) : schema
  }

  return reaches(root, 0, 0)
}

const deepest = 200

function isThere({ place, schema }: SchemaPart): boolean {
  return place.type === 'reference' || schema !== undefined
}

/** Objects and lists of which the schema does not say what is in them. */
function isOpen({ type }: JsonObject): boolean {
  return type === undefined || [type].flat().some((each) => each === 'object' || each === 'array')
}

/** How many steps a step into the part is; undefined where it is none. */
function stepsTaken({ place }: SchemaPart, step: FieldStep): 0 | 1 | undefined {
  if (place.type === 'same' || place.type === 'reference' || step.type === 'deep') return 0
  if (step.type === 'any') return 1
  switch (place.type) {
    case 'key':
      return step.type === 'key' && step.name === place.name ? 1 : undefined
    case 'any':
      return step.type === 'key' ? 1 : undefined
    case 'items':
      return step.type === 'index' ? 1 : 0
    case 'index':
      if (step.type === 'key') return 0
      return step.index === place.index ? 1 : undefined
  }
}
