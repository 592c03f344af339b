import { isRegoNumber } from '../rego-number.js'
import { compareRego, isRegoArray } from '../rego-text.js'
import type { RegoNumber, RegoObject, RegoValue } from '../rego-value.js'
import { memberOf } from './json-value.js'
import type { Constraints } from './jwt-constraints.js'

/** Whether issuer, audience and times are as required (RFC 7519, section 4.1); undefined where one is not of its type. */
export function areClaimsMet(payload: RegoObject, constraints: Constraints): boolean | undefined {
  const iss = memberOf(payload, 'iss')
  if (constraints.iss !== '') {
    if (iss !== undefined && typeof iss !== 'string') return undefined
    if (iss !== constraints.iss) return false
  }
  if (!isFor(constraints.aud, memberOf(payload, 'aud'))) return false
  const now: RegoNumber = { type: 'decimal', text: String(constraints.now) }
  const exp = memberOf(payload, 'exp')
  if (exp !== undefined && !isRegoNumber(exp)) return undefined
  if (exp !== undefined && compareRego(now, exp) >= 0) return false
  const nbf = memberOf(payload, 'nbf')
  if (nbf !== undefined && !isRegoNumber(nbf)) return undefined
  return nbf === undefined || compareRego(now, nbf) >= 0
}

/** A token for somebody is for nobody else, so that one with an audience needs the constraint. */
function isFor(required: string, audience: RegoValue | undefined): boolean {
  if (audience === undefined) return required === ''
  return isRegoArray(audience) ? audience.includes(required) : audience === required
}
