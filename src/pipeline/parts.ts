import type { Candidate, Trial } from '../domain/candidate.js'
import type { Mode } from '../domain/decision.js'
import type { DecisionEntry } from '../domain/entry.js'
import type { Call } from '../domain/call.js'
import type { CallDescription } from '../domain/policy-input.js'
import type { Catalog, DecisionLog, Patterns, PolicySource, Upstream } from '../domain/ports.js'
import type { Session } from '../domain/session.js'
import type { Telling } from '../wire/refusal.js'
import type { Permitted } from './admit.js'
import type { Declines } from './declines.js'
import type { ListChanges } from './list-changes.js'

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
  /** A policy on trial, where one is configured. */
  readonly candidate?: Candidate | undefined
  /** The call under way, where the candidate follows it. */
  readonly trial?: Trial | undefined
  readonly patterns: Patterns
  readonly upstream: Upstream
  readonly serverRequests: ServerRequests
  readonly declines: Declines
  readonly openCalls: OpenCalls
  readonly catalog: Catalog
  /** Lists of tools that the gateway itself is asking for, by server and principal. */
  readonly toolLists: Map<string, Promise<void>>
  readonly listChanges: ListChanges
  /** The argument that makes a call of this tool a dry run, as configuration says. */
  readonly dryRunArgumentOf: (server: string, tool: string) => string | undefined
  /** Servers whose own word about their tools policy is shown. */
  readonly trusted: ReadonlySet<string>
  /** Ids of tasks as callers know them: another principal's cannot be opened. */
  readonly taskSeal: TaskSeal
  readonly tasks: TaskMemory
  /** What becomes of methods and extensions that no known revision of the protocol has. */
  readonly unknownMethods: 'pass' | 'deny'
  readonly telling: Telling
  readonly log: DecisionLog
  readonly events: PipelineEvents
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly newId: () => string
}

/** Binds names that an upstream issued to the principal that they were issued to. */
export interface TaskSeal {
  /** Whether it does anything: without identities every name passes as it is. */
  readonly binds: boolean
  close(name: string, principalId: string): string
  /** Undefined where it was issued to another principal. */
  open(sealed: string, principalId: string): string | undefined
}

/** Tasks that the upstream began, by its own ids and, where there is one, the session that they are of. */
export interface TaskMemory {
  keep(session: Session | undefined, taskId: string, task: KnownTask, bytes: number): void
  find(session: Session | undefined, taskId: string): KnownTask | undefined
}

export interface KnownTask {
  /** The id of the principal whose call began it. */
  readonly owner: string
  /** The call that began it, with its payload only; undefined where it is not needed or too large to be kept. */
  readonly call: Call | undefined
  /** The tool makes a dry run: JSON of what the caller is told of that. */
  readonly dryRun: string | undefined
}

/** Methods of the requests that a server made of its client and that wait for an answer, by comparable id. */
export interface ServerRequests {
  keep(session: Session | undefined, id: string, kind: string): void
  /** Undefined for an answer that nobody asked for. */
  take(session: Session | undefined, id: string): string | undefined
}

/**
 * Calls whose replies stream, by comparable id, and the events that passed on each: a client that resumes a broken
 * stream (GET with `Last-Event-ID`) gets the rest of the reply there, and it is judged as a reply to that call.
 */
export interface OpenCalls {
  /** A call whose reply begins to stream. Undefined where a resumed reply could not be told from another call's. */
  open(session: Session | undefined, id: string): OpenCall | undefined
  /** The call on whose stream this event passed. */
  resumed(session: Session | undefined, eventId: string | undefined): OpenCall | undefined
}

export interface OpenCall {
  /** An event passed on a stream of this call. `keep` is asked at the first; a call of which it gives nothing is not named. */
  passed(eventId: string, keep: () => KeptCall | undefined): void
  /** The call, if it is still known to be the only one under this id. */
  recall(id: string): Permitted | undefined
  /** The call to which the stream belongs, as far as it is known. */
  known(): Permitted | undefined
  /** A response with this id passed. */
  answered(id: string): void
  /** A stream of this call came to its end. */
  ended(): void
}

/** What is kept of a call to judge its reply, and about how much memory that takes. */
export interface KeptCall {
  readonly value: Permitted
  readonly bytes: number
}

export interface PipelineEvents {
  decided(entry: DecisionEntry): void
  /** Seconds until the upstream's headers were there. */
  upstreamAnswered(server: string, seconds: number): void
  upstreamFailed(server: string, error: unknown): void
}
