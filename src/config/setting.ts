import type { ValueType } from './value-type.js'

/** One thing that an operator can set. `D` is `undefined` where it has no default. */
export interface Setting<T, D extends T | undefined = T | undefined> {
  readonly type: ValueType<T>
  /** Where it stands in the config file; a secret also has the same key with `File` at its end. */
  readonly key: string
  /** The flag of `serve` and `check`, without its dashes. */
  readonly flag: string | undefined
  readonly default: D
  /** Its value is never shown, and `NAME_FILE` names a file that holds it. */
  readonly secret: boolean
  /** Values that are documented for a later version. */
  readonly pending: readonly string[]
  readonly help: string
}

export interface Description {
  readonly key: string
  readonly help: string
  readonly flag?: string
  readonly secret?: boolean
  readonly pending?: readonly string[]
}

export function preset<T>(
  type: ValueType<T>,
  value: NoInfer<T>,
  description: Description,
): Setting<T, T> {
  return { ...filled(description), type, default: value }
}

export function optional<T>(type: ValueType<T>, description: Description): Setting<T, undefined> {
  return { ...filled(description), type, default: undefined }
}

function filled(description: Description) {
  return { flag: undefined, secret: false, pending: [], ...description }
}
