import type { Layer } from './bundle.js'
import type { Decision } from './decision.js'

/** How a decision by rules came about. */
export interface Explanation {
  readonly decision: Decision
  /** Every file of rules whose scope the call is in, the highest layer first. */
  readonly files: readonly FileReport[]
}

/** What one file of rules says by itself. */
export interface FileReport {
  /** `rules/hr.yaml`; `rego` for the Rego half of a set. */
  readonly name: string
  readonly layer: Layer
  /** What it says, before others have their say. */
  readonly effect: Decision['effect']
  /** Whether the decision is what this file says. */
  readonly decides: boolean
  /** No rule of it applies, so that its `default` holds. */
  readonly byDefault: boolean
  /** The rules whose matchers fit the call, by id. */
  readonly rules: readonly RuleReport[]
}

export interface RuleReport {
  readonly id: string
  /** `rules/hr.yaml:12:5` */
  readonly place: string
  readonly effect: string
  readonly mode: 'enforce' | 'warn' | 'audit-only'
  readonly outcome: 'holds' | 'does not hold' | 'error' | 'exempted'
  readonly reason: string
  /** CEL; undefined where the rule has none. */
  readonly when: string | undefined
  /** What the parts of the condition were, in the order in which they stand. */
  readonly values: readonly ConditionValue[]
  /** Why the condition could not be evaluated. */
  readonly error: string | undefined
}

export interface ConditionValue {
  /** `user.department` */
  readonly expression: string
  /** As JSON, cut where it is long; `missing` or another error where there is no value. */
  readonly value: string
}
