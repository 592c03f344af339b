import { hash } from 'node:crypto'
import type { GatewayError } from '../domain/errors.js'
import type { Seat } from './session-map.js'

/** What this process knows of a session that began here, beyond what its id says. */
export interface KeptSession {
  /** The client's `initialize`, to be said again to a server that lost the session or was away. */
  readonly initialize: Buffer
  /** What lists the client was promised changes of: `tools`, `prompts`, `resources`. */
  readonly announced: readonly string[]
  /** Sessions that began later than the one with the client; these go before what its id says. */
  readonly seats: Map<string, Seat>
  /** What is under way to get a server its session, by server. */
  readonly beginnings: Map<string, Promise<Seat>>
  readonly setbacks: Map<string, Setback>
  /** Requests that left something in a server's session: by server, then by what the next one of the kind replaces. */
  readonly settings: Map<string, Map<string, Buffer>>
  /** Whom to tell that a server that was away has joined. */
  readonly joined: Set<() => void>
}

/** A server that could not be had: it is not asked again before then. */
export interface Setback {
  readonly untilMs: number
  readonly error: GatewayError
}

export interface SessionMemory {
  keep(sessionMap: string, initialize: Buffer, announced: readonly string[]): void
  find(sessionMap: string): KeptSession | undefined
  forget(sessionMap: string): void
}

export interface SessionMemoryLimits {
  readonly sessions: number
  readonly bytes: number
}

/** Longest `initialize` that is kept, bytes. */
const longestInitialize = 64 * 1024

/** Where there is no more room, the oldest are forgotten. */
export function createSessionMemory(limits: SessionMemoryLimits): SessionMemory {
  const kept = new Map<string, KeptSession>()
  let bytes = 0

  const forget = (key: string): void => {
    bytes -= kept.get(key)?.initialize.length ?? 0
    kept.delete(key)
  }

  return {
    keep: (sessionMap, initialize, announced) => {
      if (initialize.length > longestInitialize) return
      const key = keyOf(sessionMap)
      kept.set(key, {
        initialize: Buffer.from(initialize),
        announced,
        seats: new Map(),
        beginnings: new Map(),
        setbacks: new Map(),
        settings: new Map(),
        joined: new Set(),
      })
      bytes += initialize.length
      for (const oldest of kept.keys()) {
        if (kept.size <= limits.sessions && bytes <= limits.bytes) return
        forget(oldest)
      }
    },
    find: (sessionMap) => kept.get(keyOf(sessionMap)),
    forget: (sessionMap) => forget(keyOf(sessionMap)),
  }
}

function keyOf(sessionMap: string): string {
  return hash('sha256', sessionMap)
}
