import type { FieldPath } from './field-path.js'
import type { JsonValue } from './json.js'
import type { Pattern } from './ports.js'

/** What must be done for an allow to stand. One that cannot be carried out turns the allow into a policy error. */
export type Obligation = MergePatch | OperationsPatch | Replace | Filter | FilterSensitive | Mask

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
export interface Filter extends Redacting {
  readonly type: 'filter'
  readonly paths: readonly FieldPath[]
}

/** What the output schema of the called tool marks as `sensitive: true` is removed. */
export interface FilterSensitive extends Redacting {
  readonly type: 'filter_sensitive'
  /** As the schema of the policy set says; undefined where it has none: then the upstream's own list says it. */
  readonly paths: readonly FieldPath[] | undefined
  /** Where it is there, the values are masked instead. */
  readonly style?: MaskStyle
}

/** The values that the paths name are masked. */
export interface Mask extends Redacting {
  readonly type: 'mask'
  readonly paths: readonly FieldPath[]
  readonly style: MaskStyle
}

/** What becomes of the places where hiding fields comes to an end. */
export interface Redacting {
  /**
   * Where a path cannot be followed: content text that is not JSON, base64 (`blob`, `data`), JSON in strings deeper
   * than it is read.
   */
  readonly onUnreadable: 'deny' | 'remove' | 'pass'
  /** Where a path names nothing in the document. */
  readonly onMissing: 'deny' | 'pass'
}

export type MaskStyle =
  /** The text stands for the value. */
  | { readonly type: 'text'; readonly text: string }
  /** `*` for every character but the last `keep`; a value that is no string or number is masked whole. */
  | { readonly type: 'partial'; readonly keep: number }
  /** `sha256:` and the first 16 hex digits of SHA-256 over salt and value: equal values stay equal. */
  | { readonly type: 'hash'; readonly salt: string }
  /** `a***@example.org`, of one letter `***@example.org`; what is no address is masked whole. */
  | { readonly type: 'email' }
  /** An empty value of the same JSON type: `""`, `0`, `false`, `[]`, `{}`, `null`. */
  | { readonly type: 'preserve_type' }

export type WritableRoot = 'args' | 'params' | 'response'

/** An obligation that cannot be carried out. `message` names the obligation and the place, and never shows a value. */
export class ObligationFault extends Error {
  override readonly name = 'ObligationFault'
}
