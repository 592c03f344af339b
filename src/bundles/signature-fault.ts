import { PolicySupplyError } from '../domain/errors.js'

/** A bundle that is refused for its signature. */
export function signatureFault(what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('signature', `The bundle's signature ${what}`, { cause })
}
