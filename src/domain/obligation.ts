import type { FieldPath } from './field-path.js'
import type { JsonValue } from './json.js'
import type { Pattern } from './ports.js'

/** What must be done for an allow to stand. One that cannot be carried out turns the allow into a policy error. */
export type Obligation = MergePatch | OperationsPatch | Replace | Filter | Mask

/** RFC 7396 merge patch of the arguments (pre), the params (pre) or the response (post). */
export interface MergePatch {
  readonly type: 'merge'
  readonly root: WritableRoot
  readonly value: JsonValue
}

/** RFC 6902 operations; each pointer begins with the writable root. */
export interface OperationsPatch {
  readonly type: 'operations'
  readonly operations: readonly PatchOperation[]
}

export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string }

/** Every match of the pattern in every string that the path names is replaced. */
export interface Replace {
  readonly type: 'replace'
  readonly path: FieldPath
  readonly pattern: Pattern
  readonly with: string
}

/** The members or items that the paths name are removed. */
export interface Filter {
  readonly type: 'filter'
  readonly paths: readonly FieldPath[]
}

/** The values that the paths name are replaced by the text `mask`. */
export interface Mask {
  readonly type: 'mask'
  readonly paths: readonly FieldPath[]
  readonly mask: string
}

export type WritableRoot = 'args' | 'params' | 'response'

/** An obligation that cannot be carried out. `message` names the obligation and the place, and never shows a value. */
export class ObligationFault extends Error {
  override readonly name = 'ObligationFault'
}
