import type { DenyCode } from './decision.js'
import type { JsonObject } from './json.js'

/** Every way in which a request can fail, closed: the tables that translate it must be total. */
export type ErrorCode =
  | DenyCode
  | 'upstream_unavailable'
  | 'upstream_timeout'
  | 'upstream_unauthorized'
  | 'upstream_invalid'
  | 'log_unavailable'
  | 'parse_error'
  | 'invalid_request'
  | 'invalid_params'
  | 'header_mismatch'
  | 'method_not_found'
  | 'unsupported_version'
  | 'unknown_revision'
  | 'missing_capability'
  | 'session_required'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'forbidden_host'
  | 'forbidden_origin'
  | 'unauthenticated'
  | 'session_not_found'
  | 'method_not_allowed'
  | 'post_only'
  | 'not_found'
  | 'stopping'
  | 'overloaded'
  | 'internal'

/** What a refused caller may be told, `POLICY_DENY_DETAIL` permitting. */
export interface RefusalDetail {
  readonly reason: string
  readonly rule: string
  readonly decisionId: string
  readonly revision: string
  /** The upstream has already carried the call out; only its result is withheld. */
  readonly forwarded: boolean
  readonly remedy: string
  readonly retryAfterSec: number | undefined
}

/** The one error of the gateway. `message` is safe to show a caller; what is not goes into `cause`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly detail: RefusalDetail | undefined
  /** Of an exchange that failed: whether the upstream can have seen the call at all. */
  readonly reached: 'nobody' | 'upstream'
  /** Of a protocol fault: what `error.data` says of it. */
  readonly data: JsonObject | undefined
  /** Told with HTTP 200, where the status would say something else to a caller of the legacy era. */
  readonly inBand: boolean

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.reached = options.reached ?? 'upstream'
    this.data = options.data
    this.inBand = options.inBand ?? false
  }
}

export interface GatewayErrorOptions {
  readonly cause?: unknown
  readonly detail?: RefusalDetail
  readonly reached?: 'nobody' | 'upstream'
  readonly data?: JsonObject
  readonly inBand?: boolean
}

export function asGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError('internal', 'The gateway failed to handle this request', {
    cause: thrown,
  })
}

/** A bundle, rules file or other policy supply that cannot be used. `message` says what is wrong and what to do. */
export class PolicySupplyError extends Error {
  override readonly name = 'PolicySupplyError'
  readonly fault: SupplyFault

  constructor(fault: SupplyFault, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.fault = fault
  }
}

/** `absent` is the only one that may fail open; everything else is a policy that is there and refused. */
export type SupplyFault = 'absent' | 'archive' | 'digest' | 'signature' | 'compile' | 'check'
