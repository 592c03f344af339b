import { isJsonObject, type JsonValue } from '../domain/json.js'

/**
 * Whether a result says a text of its content once more in `structuredContent`, where SDKs wrap what is no object, such
 * as a text or a list of texts, in a lone `result`.
 */
export function wrapsText(source: string): boolean {
  if (!couldWrap.test(source)) return false
  const result = JSON.parse(source) as JsonValue
  if (!isJsonObject(result)) return false
  const { structuredContent, content } = result
  if (!isJsonObject(structuredContent) || Object.keys(structuredContent).length !== 1) return false
  const texts = new Set(listOf(content).flatMap(textOf))
  return listOf(structuredContent['result']).some((value) => texts.has(value))
}

/** Spares reading the many results that do not. */
const couldWrap = /"structuredContent"\s*:\s*\{\s*"result"\s*:\s*(?:\[\s*)?"/

function textOf(block: JsonValue): readonly JsonValue[] {
  return isJsonObject(block) && typeof block['text'] === 'string' ? [block['text']] : []
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [value]
}
