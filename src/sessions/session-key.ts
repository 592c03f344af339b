import { hash } from 'node:crypto'
import type { Session } from '../domain/session.js'

/** Longest id that stands in a key as it is; of longer ones a digest does. */
const longestId = 100

/** A short key for something that one session names, whatever length its peer gave the name. */
export function sessionKey(session: Session, id: string): string {
  return `${session.id} ${id.length > longestId ? `sha256:${hash('sha256', id)}` : id}`
}
