import type { DenyCode, Effect } from './decision.js'
import type { JsonValue } from './json.js'
import type { Principal } from './principal.js'

/** One call of a bundle's `cases/*.yaml`, and what its policy is to say of it. */
export interface PolicyCase {
  readonly name: string
  /** Where it stands: `cases/hr.yaml:12`. */
  readonly place: string
  readonly hook: 'pre' | 'post'
  readonly user: Principal
  readonly server: string
  readonly method: string
  /** JSON text. */
  readonly params: string
  /** JSON text of the result or the error; undefined where there is no response yet. */
  readonly response: { readonly text: string; readonly isError: boolean } | undefined
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly expect: Expectation
}

/** What is not said is not asked for. */
export interface Expectation {
  readonly effect: Effect
  readonly code: DenyCode | undefined
  readonly reason: string | undefined
  /** Ids of rules that must have taken part. */
  readonly rules: readonly string[] | undefined
  /** The arguments as they are sent. */
  readonly patchedArgs: JsonValue | undefined
  /** Texts that the result, as the caller gets it, has and does not have. */
  readonly resultContains: readonly string[]
  readonly resultNotContains: readonly string[]
}
