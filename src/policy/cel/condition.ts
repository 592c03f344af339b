import type { ConditionValue } from '../../domain/explanation.js'
import type { CelContext } from './context.js'

/** What a condition may read. `$name` is `args.name`; `$args` are all arguments. */
export type CelRoot =
  | 'kind'
  | 'hook'
  | 'direction'
  | 'user'
  | 'client'
  | 'server'
  | 'tool'
  | 'args'
  | 'resource'
  | 'prompt'
  | 'params'
  | 'session'
  | 'request'
  | 'response'
  | 'protocol'
  | 'time'

/** A condition in CEL that was parsed, checked and planned. */
export interface Condition {
  readonly source: string
  /** `tool.args` and `tool` as a whole count as `args` too. */
  readonly reads: ReadonlySet<CelRoot>
  /** Whether it reads arguments of a tool or a prompt, however they are named (`prompt.args` is no `args` in `reads`). */
  readonly readsArguments: boolean
  /** What it gives whatever the call is; undefined where that depends on it. */
  readonly constant: boolean | undefined
  /** Never throws. */
  evaluate(context: CelContext): Held
  /** What its parts give: those that read something, and comparisons of them. */
  explain(context: CelContext): readonly ConditionValue[]
}

export type Held =
  | { readonly type: 'holds' }
  | { readonly type: 'fails' }
  /** `reason` such as `missing: user.department`; it shows no value. */
  | { readonly type: 'error'; readonly cause: 'condition' | 'budget'; readonly reason: string }

/** A text that is no condition. `message` is for policy authors. */
export class CelFault extends Error {
  override readonly name = 'CelFault'
  /** UTF-16 units into the source. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}
