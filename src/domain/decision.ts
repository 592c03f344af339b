import type { JsonObject } from './json.js'
import type { Obligation } from './obligation.js'

/** What policy says of one message. A union: a wrong combination cannot be written down. */
export type Decision = Allow | DryRun | Ask | Deny

/** What every decision carries: how it came about. */
export interface Ruling {
  readonly engine: 'rego' | 'rules' | 'none'
  /** Ids of the rules that decided. */
  readonly rules: readonly string[]
  readonly revision: string
  readonly warnings: readonly string[]
  readonly labels: JsonObject
  readonly trial: readonly TrialRule[]
}

export interface Allow extends Ruling {
  readonly effect: 'allow'
  readonly reason: string
  readonly obligations: readonly Obligation[]
}

export interface DryRun extends Ruling {
  readonly effect: 'dry_run'
  readonly reason: string
  readonly obligations: readonly Obligation[]
}

export interface Ask extends Ruling {
  readonly effect: 'ask'
  readonly reason: string
  readonly remedy: string
  /** Terms of the approval, as policy gave them. */
  readonly terms: JsonObject
}

export interface Deny extends Ruling {
  readonly effect: 'deny'
  readonly code: DenyCode
  readonly reason: string
  readonly remedy: string
  /** Seconds; undefined where policy gave none. */
  readonly retryAfterSec: number | undefined
  /** Set where policy could not decide: what went wrong, from a small closed set. */
  readonly fault: FaultCause | undefined
}

/** What policy says of one page of a list: which items stay. */
export type ListDecision = Shown | Deny

export interface Shown extends Allow {
  /** Names or URIs; one that the page does not have says nothing. */
  readonly names: readonly string[]
}

export type Effect = Decision['effect']

/** How strict an effect is: deny, then ask, then dry_run, then allow. */
export const strictness: Readonly<Record<Effect, number>> = {
  allow: 0,
  dry_run: 1,
  ask: 2,
  deny: 3,
}

export type DenyCode =
  | 'policy_deny'
  | 'validation_failed'
  | 'rate_limited'
  | 'approval_required'
  | 'policy_error'
  | 'policy_unavailable'

export type FaultCause =
  | 'undefined'
  | 'conflict'
  | 'trap'
  | 'builtin'
  | 'invalid_result'
  /** The condition of a rule could not be evaluated. */
  | 'condition'
  | 'input'
  | 'input_too_large'
  | 'result_too_large'
  | 'obligation'
  | 'budget'
  | 'memory'

/** A rule on trial: it leaves a mark in the record and changes nothing. */
export interface TrialRule {
  readonly rule: string
  readonly effect: Effect
  readonly reason: string
  /** The caller is told, as in warn mode, although others enforce. */
  readonly tells: boolean
}

export type Hook = 'pre' | 'post' | 'list'

export type Mode = 'enforce' | 'warn' | 'audit-only' | 'off'
