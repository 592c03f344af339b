import type { Catalog, Upstream } from '../domain/ports.js'

/** What both directions of the bridge need. */
export interface BridgeParts {
  readonly upstream: Upstream
  readonly newId: () => string
  readonly limits: BridgeLimits
  /** Says which arguments of a tool have to stand in `Mcp-Param-*` headers too. */
  readonly catalog: Catalog
}

export interface BridgeLimits {
  /** Largest message that is read to be translated, bytes. */
  readonly maxMessageBytes: number
  /** How often a server may ask back before it answers one call. */
  readonly rounds: number
  /** How long a client may take to answer what a server asks of it, milliseconds. */
  readonly answerMs: number
  /** How long a call at a legacy server waits for its client to come back with such answers, milliseconds. */
  readonly parkedMs: number
  /** Legacy clients of which something is remembered. */
  readonly clients: number
  /** Sessions at a legacy server: in all, and for calls of one client at a time. */
  readonly sessions: number
  readonly sessionsPerClient: number
  /** How long a session at a legacy server may be idle, milliseconds. */
  readonly idleMs: number
  /** Calls that wait for their client to come back with an answer. */
  readonly parked: number
  /** Longest wait for the headers of a server's own stream before calls are sent, milliseconds. */
  readonly streamMs: number
}

export const defaultLimits: BridgeLimits = {
  maxMessageBytes: 16 * 1024 * 1024,
  rounds: 8,
  answerMs: 600_000,
  parkedMs: 600_000,
  clients: 20_000,
  sessions: 1_000,
  sessionsPerClient: 8,
  idleMs: 300_000,
  parked: 1_000,
  streamMs: 1_000,
}
