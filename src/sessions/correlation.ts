import type { Session } from '../domain/session.js'
import { createRecent } from '../domain/recent.js'
import { sessionKey } from './session-key.js'

/** Short texts kept by session and JSON-RPC id until they are asked for, or too many came after them. */
export interface Correlation {
  /** A text over `longestText` characters is not kept, and whatever was kept in its place is gone. */
  keep(session: Session | undefined, id: string, text: string): void
  take(session: Session | undefined, id: string): string | undefined
}

/** Longest text that is kept: no method has such a name. */
const longestText = 256

export function createCorrelation(limit: number): Correlation {
  const kept = createRecent<string, string>(limit)
  const take = (session: Session | undefined, id: string): string | undefined => {
    if (session === undefined) return undefined
    const key = sessionKey(session, id)
    const text = kept.get(key)
    kept.delete(key)
    return text
  }
  return {
    take,
    keep: (session, id, text) => {
      if (session === undefined) return
      if (text.length > longestText) take(session, id)
      else kept.set(sessionKey(session, id), text)
    },
  }
}
