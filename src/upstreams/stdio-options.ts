import type { StdioCommand } from './stdio-child.js'
import type { Children } from './stdio-children.js'
import { type Connection, connect } from './stdio-connection.js'
import type { StdioEvents } from './stdio-events.js'
import type { Clients } from './stdio-related.js'

export interface StdioOptions extends StdioCommand {
  /** Longest silence of the server about a request, milliseconds. */
  readonly timeoutMs: number
  readonly maxMessageBytes: number
  readonly events: StdioEvents
  readonly limits?: Partial<StdioLimits>
}

export interface StdioLimits {
  /** How long a session may go without a message while nobody listens, milliseconds. */
  readonly idleMs: number
  readonly maxSessions: number
  /** How long a server may take to answer `server/discover`, milliseconds. */
  readonly probeMs: number
  /** How long a request of the server waits for a stream to its client, milliseconds. */
  readonly patienceMs: number
  /** How long a child may take to end by itself, and again once it was told to, milliseconds. */
  readonly graceMs: number
}

export const defaultLimits: StdioLimits = {
  idleMs: 30 * 60_000,
  maxSessions: 1_000,
  probeMs: 10_000,
  patienceMs: 60_000,
  graceMs: 2_000,
}

/** Starts a child and connects to it. */
export type Connect = (clients: Clients) => Connection

export function createConnect(
  { name, command, timeoutMs, events }: StdioOptions,
  { patienceMs }: StdioLimits,
  { start }: Children,
): Connect {
  return (clients) =>
    connect({
      clients,
      command,
      timeoutMs,
      patienceMs,
      start,
      dropped: (why) => events.messageDropped(name, why),
    })
}
