import type { FaultCause } from '../domain/decision.js'
import { isJsonObject } from '../domain/json.js'

/** An evaluation that gave no result. `message` is the module's own and may quote the policy. */
export class RegoFault extends Error {
  override readonly name = 'RegoFault'
  override readonly cause: RegoFaultCause
  /** `file:row:column` of the rule at fault; '' where the module does not say. */
  readonly place: string

  constructor(cause: RegoFaultCause, message: string, place: string) {
    super(message)
    this.cause = cause
    this.place = place
  }
}

export type RegoFaultCause = Extract<FaultCause, 'conflict' | 'builtin' | 'input' | 'trap'>

/** Whatever the module or its host threw, as a fault. */
export function asRegoFault(thrown: unknown): RegoFault {
  const message = textOf(thrown)
  const place = /^[^:]{1,200}:\d{1,9}:\d{1,9}(?=: )/.exec(message)?.[0] ?? ''
  return new RegoFault(causeOf(thrown, message), message, place)
}

// The module reports by message alone, and its host by whatever its own JavaScript threw.
function causeOf(thrown: unknown, message: string): RegoFaultCause {
  if (typeof thrown === 'string') {
    if (message.includes('conflict')) return 'conflict'
    return message.startsWith('illegal ') ? 'input' : 'trap'
  }
  if (message.startsWith('not implemented')) return 'builtin'
  return thrown instanceof SyntaxError || thrown instanceof TypeError ? 'builtin' : 'trap'
}

/** What a thrown value says; the package throws strings, plain objects and errors. */
export function textOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  return isJsonObject(thrown) && typeof thrown['message'] === 'string'
    ? thrown['message']
    : 'unknown'
}
