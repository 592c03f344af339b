import type { Session } from '../domain/session.js'
import { createRecent } from './recent.js'

/** Values kept by session and JSON-RPC id until they are asked for, or too many came after them. */
export interface Correlation<Value> {
  keep(session: Session | undefined, id: string, value: Value): void
  find(session: Session | undefined, id: string): Value | undefined
  take(session: Session | undefined, id: string): Value | undefined
}

export function createCorrelation<Value>(limit: number): Correlation<Value> {
  const kept = createRecent<string, Value>(limit)
  const keyOf = (session: Session, id: string): string => `${session.id} ${id}`
  return {
    keep: (session, id, value) => {
      if (session !== undefined) kept.set(keyOf(session, id), value)
    },
    find: (session, id) => (session === undefined ? undefined : kept.get(keyOf(session, id))),
    take: (session, id) => {
      if (session === undefined) return undefined
      const value = kept.get(keyOf(session, id))
      kept.delete(keyOf(session, id))
      return value
    },
  }
}
