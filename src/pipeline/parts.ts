import type { Effect, Mode } from '../domain/decision.js'
import type { DecisionEntry } from '../domain/entry.js'
import type { Call } from '../domain/call.js'
import type { CallDescription } from '../domain/policy-input.js'
import type { DecisionLog, Patterns, PolicySource, Upstream } from '../domain/ports.js'
import type { Session } from '../domain/session.js'
import type { Telling } from '../wire/refusal.js'
import type { Permitted } from './admit.js'

/** What the steps of the pipeline need, handed in by the root. */
export interface PipelineParts {
  readonly mode: Mode
  /** What happens in enforce mode while no policy is there. */
  readonly failMode: 'open' | 'closed'
  /** A call as policy sees it. */
  readonly describe: (call: Call) => CallDescription
  /** Largest upstream message that is read to be judged, bytes. */
  readonly maxMessageBytes: number
  readonly policies: PolicySource
  readonly patterns: Patterns
  readonly upstream: Upstream
  readonly serverRequests: ServerRequests
  readonly openCalls: OpenCalls
  readonly telling: Telling
  readonly log: DecisionLog
  readonly events: PipelineEvents
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly newId: () => string
}

/** Methods of the requests that a server made of its client and that wait for an answer, by comparable id. */
export interface ServerRequests {
  keep(session: Session | undefined, id: string, kind: string): void
  /** Undefined for an answer that nobody asked for. */
  take(session: Session | undefined, id: string): string | undefined
}

/**
 * Calls whose replies stream, by comparable id: a client that resumes a broken stream (GET with `Last-Event-ID`) gets
 * the rest of the reply there, and it is judged as a reply to that call.
 */
export interface OpenCalls {
  keep(session: Session | undefined, id: string, permitted: Permitted): void
  find(session: Session | undefined, id: string): Permitted | undefined
}

export interface PipelineEvents {
  decided(entry: DecisionEntry): void
  /** Seconds until the upstream's headers were there. */
  upstreamAnswered(server: string, seconds: number): void
  upstreamFailed(server: string, error: unknown): void
}

/** How strict an effect is: deny, then ask, then dry_run, then allow. */
export const strictness: Readonly<Record<Effect, number>> = {
  allow: 0,
  dry_run: 1,
  ask: 2,
  deny: 3,
}
