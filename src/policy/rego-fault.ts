import type { FaultCause } from '../domain/decision.js'

/** An evaluation that gave no result. `message` is the module's own and may quote the policy. */
export class RegoFault extends Error {
  override readonly name = 'RegoFault'
  override readonly cause: RegoFaultCause
  /** `file:row:column` or `data.mcp.rule`: the rule at fault; '' where neither is known. */
  readonly place: string

  constructor(cause: RegoFaultCause, message: string, place: string) {
    super(message)
    this.cause = cause
    this.place = place
  }
}

export type RegoFaultCause = Extract<
  FaultCause,
  'conflict' | 'builtin' | 'input' | 'trap' | 'budget' | 'memory' | 'result_too_large'
>

/** What the meters of the module said when it broke off. */
export interface MeterReading {
  readonly isFuelSpent: boolean
  readonly isMemoryRefused: boolean
}

/** Whatever the module or its host threw, as a fault. */
export function asRegoFault(thrown: unknown, reading: MeterReading): RegoFault {
  const message = thrown instanceof Error ? thrown.message : ''
  const told = thrown instanceof RegoFault ? thrown : undefined
  const place = (told?.place ?? '') || ruleIn(thrown)
  return new RegoFault(causeOf(told, reading), message, place)
}

/** The module broke off by itself and says why: `opa_abort`. */
export function abortFault(message: string): RegoFault {
  const place = /^[^:]{1,200}:\d{1,9}:\d{1,9}(?=: )/.exec(message)?.[0] ?? ''
  return new RegoFault(abortCause(message), message, place)
}

function causeOf(told: RegoFault | undefined, reading: MeterReading): RegoFaultCause {
  if (reading.isFuelSpent) return 'budget'
  if (reading.isMemoryRefused) return 'memory'
  return told?.cause ?? 'trap'
}

// The module reports by message alone.
function abortCause(message: string): RegoFaultCause {
  if (message.includes('conflict')) return 'conflict'
  return message.startsWith('illegal ') ? 'input' : 'trap'
}

/** The innermost rule on the stack of a throw: the module names its functions like `g0.data.mcp.pre`. */
function ruleIn(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
  const [, rule = ''] = /\bg\d+\.(data\.[^\s(]{1,200}) \(wasm:/.exec(stack) ?? []
  return rule
}
