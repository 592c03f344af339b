import type { GatewayError } from '../domain/errors.js'
import type { Telling } from '../wire/refusal.js'
import type { InFlight } from './in-flight.js'
import type { Members } from './member.js'
import type { SessionMemory } from './session-memory.js'

/** What everything of the aggregate needs. */
export interface AggregateParts {
  readonly members: Members
  readonly memory: SessionMemory
  readonly inFlight: InFlight
  /** Of the gateway, as clients see it in `serverInfo`. */
  readonly version: string
  /** Largest message of an upstream that is read to be merged or renamed, bytes. */
  readonly maxMessageBytes: number
  /** Longest wait for one of several servers whose answers are merged, milliseconds. */
  readonly longestWaitMs: number
  readonly telling: Telling
  readonly events: AggregateEvents
  readonly newId: () => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface AggregateEvents {
  /** What this server would have added to a merged answer is not in it. */
  serverLeftOut(server: string, kind: string, error: GatewayError): void
  /** It had its part in one. */
  serverTookPart(server: string): void
  /** A message of it that goes nowhere. */
  messageDropped(server: string, why: string): void
}
