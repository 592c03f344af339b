import type { FieldPath, FieldStep } from '../domain/field-path.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import { schemaParts, type SchemaPart } from './schema-parts.js'
import { schemaReferences } from './schema-references.js'

/** A schema of which it cannot be said what is sensitive. `message` is for whoever wrote it. */
export class SensitiveFault extends Error {
  override readonly name = 'SensitiveFault'
}

/**
 * What an output schema (JSON Schema 2020-12 or draft 7) marks with `sensitive: true`, as paths into
 * `structuredContent`. Every branch counts, whether or not a value would take it, and what a schema says of itself
 * again further in holds at any depth.
 * @throws SensitiveFault where it is too large to be followed, or refers to what it does not hold
 */
export function sensitivePaths(schema: JsonValue): readonly FieldPath[] {
  const found = new Map(stepsIn(schema).map((steps) => [JSON.stringify(steps), steps]))
  return [...found.values()].map(pathOf)
}

// Schemas are the server's to write, and each path is looked for in every result.
const mostPaths = 1_000
const mostVisits = 20_000
const deepest = 200

type Steps = readonly FieldStep[]

/** Every way to a sensitive value from the place that the schema describes. */
function stepsIn(root: JsonValue): readonly Steps[] {
  const referenced = schemaReferences(root)
  const around = new Set<JsonObject>()
  const recursive = new Set<JsonObject>()
  let visits = 0
  return visit(root)

  function visit(schema: JsonValue | undefined): readonly Steps[] {
    if (!isJsonObject(schema)) return []
    if (schema['sensitive'] === true) return [[]]
    if (around.has(schema)) {
      recursive.add(schema)
      return []
    }
    visits += 1
    if (visits > mostVisits || around.size > deepest) throw tooLarge()
    around.add(schema)
    const found = schemaParts(schema).flatMap(visitPart)
    around.delete(schema)
    if (found.length > mostPaths) throw tooLarge()
    return recursive.delete(schema) ? found.map((steps) => [deep, ...steps]) : found
  }

  function visitPart({ place, schema }: SchemaPart): readonly Steps[] {
    return visit(place.type === 'reference' ? target(place.to) : schema).map((steps) =>
      behind(place, steps),
    )
  }

  function target(reference: string): JsonValue {
    const schema = referenced(reference)
    if (schema !== undefined) return schema
    throw new SensitiveFault(
      `The output schema refers to ${JSON.stringify(reference)}, which it does not hold: put it under $defs`,
    )
  }
}

const deep: FieldStep = { type: 'deep' }

function behind(place: SchemaPart['place'], steps: Steps): Steps {
  switch (place.type) {
    case 'same':
    case 'reference':
      return steps
    case 'items':
      // names look through arrays, and find the value where the server left the array out as well
      return steps[0]?.type === 'key' ? steps : [{ type: 'any' }, ...steps]
    case 'any':
    case 'index':
    case 'key':
      return [place, ...steps]
  }
}

function tooLarge(): SensitiveFault {
  return new SensitiveFault('The output schema is too large to find in it what is sensitive')
}

function pathOf(steps: Steps): FieldPath {
  const all: Steps = [{ type: 'key', name: 'structuredContent' }, ...steps]
  return { source: all.map(written).join('').slice(1), root: 'response', steps: all }
}

function written(step: FieldStep): string {
  switch (step.type) {
    case 'key':
      return `.${/^[\w$@-]+$/.test(step.name) ? step.name : JSON.stringify(step.name)}`
    case 'index':
      return `[${step.index}]`
    case 'any':
      return '.*'
    case 'deep':
      return '.**'
  }
}
