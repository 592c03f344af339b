import type { ActionClass } from './action-class.js'
import type { Layer } from './bundle.js'
import type { DenyCode, Effect, Mode } from './decision.js'
import type { JsonObject, JsonValue } from './json.js'
import type { Principal } from './principal.js'
import type { ClaimedClient } from './session.js'

/** One call, as `cases/*.yaml` or the `tests` of a rules file tell it, and what its policy is to make of it. */
export interface PolicyCase {
  readonly name: string
  /** Where it stands: `cases/hr.yaml:12`. */
  readonly place: string
  readonly mode: Exclude<Mode, 'off'>
  /** The one hook that judges it; undefined: both, as in a gateway, as far as there is a response. */
  readonly hook: 'pre' | 'post' | undefined
  readonly user: Principal
  readonly server: string
  readonly method: string
  /** JSON text. */
  readonly params: string
  readonly response: CaseResponse
  /** What is known of the called tool. */
  readonly tool: CaseTool
  readonly circumstances: Circumstances
  readonly expect: Expectation
}

export type CaseResponse =
  /** JSON text of the result or the error. */
  | { readonly type: 'given'; readonly text: string; readonly isError: boolean }
  /** A server has to be asked for it. */
  | { readonly type: 'live' }
  /** The case says nothing of one. */
  | { readonly type: 'none' }

/** As its server lists it, and as configuration classes it. */
export interface CaseTool {
  readonly outputSchema: JsonObject | undefined
  readonly annotations: JsonObject | undefined
  readonly actionClass: ActionClass | undefined
  /** The argument that makes a call of it a dry run. */
  readonly dryRunArgument: string | undefined
}

/** What else policy may read. */
export interface Circumstances {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly requestIp: string
  readonly claimed: ClaimedClient | undefined
  /** As policy sees it: a digest. */
  readonly sessionId: string | undefined
}

/** What is not said is not asked for. */
export interface Expectation {
  /** What becomes of the call: outside enforce it goes on whatever was decided. */
  readonly effect: Effect
  /** What would become of it: outside enforce by the decision, in enforce by the rules on trial. */
  readonly would: Effect | undefined
  readonly code: DenyCode | undefined
  readonly reason: string | undefined
  /** The layer of rules that decides. */
  readonly layer: Layer | undefined
  /** Ids of rules that must have taken part. */
  readonly rules: readonly string[]
  /** Texts of warnings. */
  readonly warnings: readonly string[]
  /** Ids of rules on trial that must have left a mark. */
  readonly trial: readonly string[]
  /** The arguments as they are sent. */
  readonly patchedArgs: JsonValue | undefined
  /** Names or URIs of a list that its reader is shown, and that are hidden. */
  readonly lists: readonly string[]
  readonly hides: readonly string[]
  /**
   * What the result, as the caller gets it, has and does not have: a text stands anywhere in it, an object or array is
   * part of it at any depth.
   */
  readonly resultContains: readonly JsonValue[]
  readonly resultNotContains: readonly JsonValue[]
}
