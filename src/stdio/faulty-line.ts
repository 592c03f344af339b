import { isJsonObject } from '../domain/json.js'
import type { InputLine } from './input.js'

/** The `id` of a request that was not taken, as it is spelled in an answer; `null` where none can be read without doubt. */
export function idOf(line: InputLine): string {
  const parsed = line === 'too_long' ? undefined : parse(line)
  if (!isJsonObject(parsed) || !('method' in parsed)) return 'null'
  const { id } = parsed
  const isExact = typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id))
  return isExact ? JSON.stringify(id) : 'null'
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}
