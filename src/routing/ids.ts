import { JsonFault, scanJson } from '../wire/json-text.js'
import { ownerOf, qualified, type Owned } from './names.js'

/** A server's own JSON-RPC id or progress token, qualified: a JSON string that holds it as it is spelled, type and all. */
export function qualifiedId(server: string, literal: string): string {
  return JSON.stringify(qualified(server, literal))
}

/** The server whose id this literal holds, and how that spelled it. Undefined for what holds no id. */
export function ownerOfId(literal: string): Owned | undefined {
  if (!literal.startsWith('"')) return undefined
  const owned = ownerOf(JSON.parse(literal) as string)
  return owned !== undefined && isId(owned.bare) ? owned : undefined
}

/** One text for all spellings of an id or token: whoever repeats `1.0` writes `1`. */
export function comparable(literal: string): string {
  return JSON.stringify(JSON.parse(literal))
}

/** What is put into a message as it stands must be one string or number: else its sender could write any message. */
function isId(spelled: string): boolean {
  const bytes = Buffer.from(spelled)
  try {
    const { shape, value } = scanJson(bytes)
    const isWhole = value.start === 0 && value.end === bytes.length
    return isWhole && (shape === 'string' || shape === 'number')
  } catch (thrown) {
    if (thrown instanceof JsonFault) return false
    throw thrown
  }
}
