import type { Session } from '../domain/session.js'
import { sessionKey } from './session-key.js'

/** What is known of the tasks of one upstream, by its own ids and, where there is one, the session that they are of. */
export interface TaskMemory<Value> {
  /** A task that goes by the same id takes the place of the one before. `bytes`: about how much memory it takes. */
  keep(session: Session | undefined, taskId: string, value: Value, bytes: number): void
  find(session: Session | undefined, taskId: string): Value | undefined
}

export interface TaskMemoryLimits {
  readonly tasks: number
  readonly bytes: number
}

/** Where there is no more room, the oldest are forgotten. */
export function createTaskMemory<Value>(limits: TaskMemoryLimits): TaskMemory<Value> {
  const kept = new Map<string, { readonly value: Value; readonly bytes: number }>()
  let total = 0

  const forget = (key: string): void => {
    total -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }

  return {
    keep: (session, taskId, value, bytes) => {
      const key = keyOf(session, taskId)
      forget(key)
      kept.set(key, { value, bytes: bytes + overhead })
      total += bytes + overhead
      for (const oldest of kept.keys()) {
        if (kept.size <= limits.tasks && total <= limits.bytes) return
        forget(oldest)
      }
    },
    find: (session, taskId) => kept.get(keyOf(session, taskId))?.value,
  }
}

/** A key and an entry of the Map, roughly. */
const overhead = 400

function keyOf(session: Session | undefined, taskId: string): string {
  return sessionKey(session ?? noSession, taskId)
}

const noSession: Session = { id: '', upstreamId: '' }
