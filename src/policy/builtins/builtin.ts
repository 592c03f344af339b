import type { RegoValue } from '../rego-value.js'

/** A function of Rego that the compiled module asks its host for. Pure: the same arguments at the same moment give the same. */
export interface Builtin {
  /**
   * What a call costs at most on the reference machine, nanoseconds: charged before it runs, so it may not depend on how
   * long it takes. `bytes` is the length of the arguments as text.
   */
  readonly cost: (bytes: number, args: readonly RegoValue[]) => number
  /**
   * Undefined where OPA leaves the call undefined, for arguments of a wrong type as well. Throws for no argument: only what
   * `charge` throws passes through.
   */
  readonly call: (
    args: readonly RegoValue[],
    moment: Moment,
    charge: Charge,
  ) => RegoValue | undefined
}

/**
 * Takes the fuel of so many nanoseconds more, where what a call costs shows only while it runs; never depends on how long
 * it takes.
 * @throws whatever ends the evaluation when there is no more
 */
export type Charge = (nanoseconds: number) => void

/** What a decision knows of the world: nothing that is not in its input. */
export interface Moment {
  /** Nanoseconds since the epoch: the time of the call, as `input.time_ns` says it. */
  readonly timeNs: bigint
  /** The text of the input document. */
  readonly document: Uint8Array
}

/** By the name of the builtin, such as `time.format`. */
export type Builtins = Readonly<Record<string, Builtin | undefined>>
