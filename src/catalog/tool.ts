import type { FieldPath } from '../domain/field-path.js'
import { isJsonObject, type JsonValue } from '../domain/json.js'
import type { KnownTool, MirroredArgument } from '../domain/ports.js'
import { decodeString, scanJson } from '../wire/json-text.js'
import { SensitiveFault, sensitivePaths } from '../wire/sensitive-paths.js'

/** A tool as its server describes it, and about how much memory what is known of it takes. */
export interface ReadTool extends KnownTool {
  readonly name: string
  readonly bytes: number
}

/** Longest annotations that are shown to policy, bytes. */
const longestAnnotations = 16 * 1024

/**
 * What an item of `tools/list` says. Undefined for one without a name. Annotations that are no object, are very long or
 * hold what policy cannot be shown are none.
 */
export function readTool(item: Buffer): ReadTool | undefined {
  const { members } = scanJson(item, 1)
  const named = members.get('name')
  if (named?.shape !== 'string') return undefined
  const name = decodeString(item, named.value)
  const annotations = annotationsIn(item)
  const mirrored = mirroredIn(item)
  const hasOutputSchema = members.get('outputSchema')?.shape === 'object'
  const texts = 2 * (name.length + (annotations?.length ?? 0))
  const paths = mirrored.reduce((sum, { header, path }) => sum + lengthOf([header, ...path]), 0)
  const sensitive = sensitiveIn(item)
  const bytes = texts + paths + (sensitive ?? []).reduce((sum, path) => sum + sizeOf(path), 400)
  return { name, annotations, mirrored, hasOutputSchema, sensitive, bytes }

  function annotationsIn(text: Buffer): string | undefined {
    const member = members.get('annotations')
    if (member?.shape !== 'object') return undefined
    const span = text.subarray(member.value.start, member.value.end)
    const isFit = span.length <= longestAnnotations && scanJson(span, 0).wellFormed
    return isFit ? span.toString('utf8') : undefined
  }

  function mirroredIn(text: Buffer): readonly MirroredArgument[] {
    const schema = members.get('inputSchema')
    if (schema === undefined || !text.includes('x-mcp-header')) return []
    const { start, end } = schema.value
    return mirroredArguments(JSON.parse(text.toString('utf8', start, end)) as JsonValue)
  }

  function sensitiveIn(text: Buffer): readonly FieldPath[] | undefined {
    const schema = members.get('outputSchema')
    if (schema?.shape !== 'object') return undefined
    const { start, end } = schema.value
    return markedIn(JSON.parse(text.toString('utf8', start, end)) as JsonValue)
  }
}

/** What cannot be followed is not known: that nothing is sensitive would be a guess. */
function markedIn(schema: JsonValue): readonly FieldPath[] | undefined {
  try {
    return sensitivePaths(schema)
  } catch (thrown) {
    if (thrown instanceof SensitiveFault) return undefined
    throw thrown
  }
}

/** About as many bytes as it takes. */
function sizeOf({ source, steps }: FieldPath): number {
  return 4 * source.length + 100 * steps.length + 100
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 2 * text.length + 50, 0)
}

/** RFC 9110, section 5.1: anything else would be no header, or another one. */
const token = /^[\w!#$%&'*+.^`|~-]{1,128}$/

/** Schemas are the server's to write, and a call is not to be searched for thousands of headers. */
const mostMirrored = 64
const deepest = 32

/**
 * The arguments that MCP 2026-07-28 has mirrored in headers: strings, integers and booleans that are reached through
 * `properties` alone. None for a schema that gives one header to two of them, which clients do not use.
 */
export function mirroredArguments(schema: JsonValue): readonly MirroredArgument[] {
  const found: MirroredArgument[] = []
  walk(schema, [])
  const names = new Set(found.map(({ header }) => header.toLowerCase()))
  return names.size === found.length && found.length <= mostMirrored ? found : []

  function walk(place: JsonValue | undefined, path: readonly string[]): void {
    if (!isJsonObject(place) || path.length > deepest || found.length > mostMirrored) return
    const header = place['x-mcp-header']
    const isMirrored = typeof header === 'string' && token.test(header) && path.length > 0
    if (isMirrored && isMirrorable(place['type'])) found.push({ header, path })
    const { properties } = place
    if (!isJsonObject(properties)) return
    for (const [key, value] of Object.entries(properties)) walk(value, [...path, key])
  }
}

function isMirrorable(type: JsonValue | undefined): boolean {
  return type === 'string' || type === 'integer' || type === 'boolean'
}
