import type { Message, ResponseMessage } from '../domain/message.js'

/**
 * One text for all spellings of a JSON-RPC id. Whoever answers writes the id as it was read: `1.0` comes back as `1`,
 * `"\u0061"` as `"a"`.
 */
export function comparableId(id: string): string {
  return JSON.stringify(JSON.parse(id))
}

/** An error without an id is about the request that is answered. */
export function isReplyTo(asked: Message, { id }: ResponseMessage): boolean {
  if (asked.form !== 'request') return false
  if (asked.id === id || id === 'null') return true
  return comparableId(asked.id) === comparableId(id)
}
