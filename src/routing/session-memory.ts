import { hash } from 'node:crypto'
import type { GatewayError } from '../domain/errors.js'
import { createRecent } from '../domain/recent.js'
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
  /** About how much memory all of it takes. */
  bytes: number
}

/** A server that could not be had: it is not asked again before then. */
export interface Setback {
  readonly untilMs: number
  readonly error: GatewayError
}

export interface SessionMemory {
  keep(sessionMap: string, initialize: Buffer, announced: readonly string[]): void
  find(sessionMap: string): KeptSession | undefined
  /** What is kept of a session has become larger by so many bytes. */
  grow(kept: KeptSession, bytes: number): void
  forget(sessionMap: string): void
  /** The session is over: whoever still names it has to begin again. */
  end(sessionMap: string): void
  /** Whether it is known to be over. */
  hasEnded(sessionMap: string): boolean
}

export interface SessionMemoryLimits {
  readonly sessions: number
  readonly bytes: number
}

/** Longest `initialize` that is kept, bytes. */
const longestInitialize = 64 * 1024

/** Of a session of which nothing is long. */
const overheadBytes = 2_000

/** Where there is no more room, the oldest are forgotten. */
export function createSessionMemory(limits: SessionMemoryLimits): SessionMemory {
  const kept = new Map<string, KeptSession>()
  const over = createRecent<string, true>(limits.sessions)
  let bytes = 0

  const forget = (key: string): void => {
    bytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }

  const trim = (): void => {
    for (const oldest of kept.keys()) {
      if (kept.size <= limits.sessions && bytes <= limits.bytes) return
      forget(oldest)
    }
  }

  return {
    keep: (sessionMap, initialize, announced) => {
      if (initialize.length > longestInitialize) return
      const session = {
        initialize: Buffer.from(initialize),
        announced,
        seats: new Map<string, Seat>(),
        beginnings: new Map<string, Promise<Seat>>(),
        setbacks: new Map<string, Setback>(),
        settings: new Map<string, Map<string, Buffer>>(),
        joined: new Set<() => void>(),
        bytes: initialize.length + overheadBytes,
      }
      kept.set(keyOf(sessionMap), session)
      bytes += session.bytes
      trim()
    },
    grow: (session, more) => {
      session.bytes += more
      bytes += more
      trim()
    },
    find: (sessionMap) => kept.get(keyOf(sessionMap)),
    forget: (sessionMap) => forget(keyOf(sessionMap)),
    end: (sessionMap) => {
      forget(keyOf(sessionMap))
      over.set(keyOf(sessionMap), true)
    },
    hasEnded: (sessionMap) => over.get(keyOf(sessionMap)) === true,
  }
}

function keyOf(sessionMap: string): string {
  return hash('sha256', sessionMap)
}
