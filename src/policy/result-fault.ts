import type { FaultCause } from '../domain/decision.js'

/** A policy result that is no decision. `message` names the member at fault. */
export class ResultFault extends Error {
  override readonly name = 'ResultFault'
  override readonly cause: Extract<FaultCause, 'invalid_result' | 'obligation'>

  constructor(message: string, cause: ResultFault['cause'] = 'invalid_result') {
    super(message)
    this.cause = cause
  }
}
