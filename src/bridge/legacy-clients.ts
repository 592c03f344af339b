import type { ResponseMessage } from '../domain/message.js'
import type { Session } from '../domain/session.js'
import type { Cancellation } from './cancellation.js'
import type { Listening } from './listening.js'

/** What this process knows of one legacy client besides what its session id says. */
export interface LegacyClient {
  /** Set by `logging/setLevel`. */
  logLevel: string | undefined
  /** Resources whose updates it asked for. */
  readonly uris: Set<string>
  /** Its own stream (GET), while it is open. */
  listening: Listening | undefined
  /** Calls in flight by comparable id. */
  readonly calls: Map<string, Cancellation>
  /** Who waits for an answer of the client, by comparable id of the question. */
  readonly questions: Map<string, (answer: ResponseMessage) => void>
}

export interface LegacyClients {
  of(session: Session): LegacyClient
  /** Forgets a client that said good-bye; its session id is of no more use here. */
  end(session: Session): LegacyClient | undefined
  hasEnded(session: Session): boolean
  all(): readonly LegacyClient[]
}

/** At most `limit` clients: the ones that were idle longest are forgotten. */
export function createLegacyClients(limit: number): LegacyClients {
  const clients = new Map<string, LegacyClient>()
  const ended = new Set<string>()

  const trim = (): void => {
    if (clients.size <= limit) return
    for (const [id, client] of clients) {
      if (!isIdle(client)) continue
      clients.delete(id)
      return
    }
  }

  return {
    of: ({ id }) => {
      const client = clients.get(id) ?? newClient()
      // The latest stand last.
      clients.delete(id)
      clients.set(id, client)
      trim()
      return client
    },
    end: ({ id }) => {
      const client = clients.get(id)
      clients.delete(id)
      ended.add(id)
      const [oldest] = ended
      if (ended.size > limit && oldest !== undefined) ended.delete(oldest)
      return client
    },
    hasEnded: ({ id }) => ended.has(id),
    all: () => [...clients.values()],
  }
}

function newClient(): LegacyClient {
  return {
    logLevel: undefined,
    uris: new Set(),
    listening: undefined,
    calls: new Map(),
    questions: new Map(),
  }
}

function isIdle({ listening, calls }: LegacyClient): boolean {
  return listening === undefined && calls.size === 0
}
