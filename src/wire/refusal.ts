import type { ErrorCode, GatewayError, RefusalDetail } from '../domain/errors.js'
import type { Message } from '../domain/message.js'

/** A refusal as it reaches the caller in-band: the JSON-RPC message for a request with this id. */
export function refuseInBand(error: GatewayError, request: Refused, telling: Telling): Buffer {
  const asResult =
    telling.style === 'tool-error' &&
    request.kind === 'tools/call' &&
    wire[error.code].fault === 'governance'
  return asResult
    ? refusalResult(error, request.id, telling.detail)
    : refusalMessage(error, request.id, telling.detail)
}

export interface Refused {
  /** As spelled in the request; `null` where none was read. */
  readonly id: string
  readonly kind: string
}

/** Who is told of a refusal of this message. */
export function askedBy(message: Message): Refused {
  switch (message.form) {
    case 'request':
      return { id: message.id, kind: message.method }
    case 'notification':
      return { id: 'null', kind: message.method }
    case 'response':
      return { id: 'null', kind: '' }
  }
}

/** `POLICY_DENY_STYLE` and `POLICY_DENY_DETAIL`. */
export interface Telling {
  readonly style: 'http' | 'jsonrpc' | 'tool-error'
  readonly detail: Disclosure
}

/** The JSON-RPC half of every refusal. Codes of our own stay outside −32768…−32000, which MCP reserves. */
export function refusalMessage(error: GatewayError, id: string, disclosure: Disclosure): Buffer {
  const { rpc, says } = wire[error.code]
  const body = {
    code: rpc,
    message: says === 'code' ? error.code : error.message,
    ...dataOf(error, disclosure),
  }
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(body)}}`)
}

function dataOf({ detail, data }: GatewayError, disclosure: Disclosure): { data?: unknown } {
  if (detail !== undefined) return { data: disclose(detail, disclosure) }
  return data === undefined ? {} : { data }
}

/** A refused `tools/call` as a result that the model can read (`POLICY_DENY_STYLE=tool-error`). */
export function refusalResult(error: GatewayError, id: string, disclosure: Disclosure): Buffer {
  const data = error.detail === undefined ? {} : disclose(error.detail, disclosure)
  const result = {
    resultType: 'complete',
    content: [{ type: 'text', text: sentence(error, disclosure) }],
    isError: true,
    _meta: { 'portcullis/refusal': { code: error.code, ...data } },
  }
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`)
}

/** How much a refused caller is told (`POLICY_DENY_DETAIL`). */
export type Disclosure = 'full' | 'reason' | 'none'

function disclose(detail: RefusalDetail, disclosure: Disclosure): Record<string, unknown> {
  switch (disclosure) {
    case 'none':
      return { decision_id: detail.decisionId }
    case 'reason':
      return { reason: detail.reason }
    case 'full':
      return {
        reason: detail.reason,
        rule: detail.rule,
        decision_id: detail.decisionId,
        revision: detail.revision,
        forwarded: detail.forwarded,
        ...(detail.remedy === '' ? {} : { remedy: detail.remedy }),
      }
  }
}

function sentence({ code, detail }: GatewayError, disclosure: Disclosure): string {
  const parts = [`Refused by the policy gateway: ${code}`]
  if (detail !== undefined && disclosure !== 'none') {
    if (detail.reason !== '') parts.push(`reason: ${detail.reason}`)
    if (disclosure === 'full' && detail.remedy !== '') parts.push(detail.remedy)
    if (detail.forwarded) {
      parts.push(
        'The call was already carried out; only its result is withheld, so do not repeat it',
      )
    }
  }
  return `${parts.join('. ')}.`
}

/** The JSON-RPC code and HTTP status of an error; total, so that a new code does not compile until listed. */
export const wire: Readonly<Record<ErrorCode, WireForm>> = {
  policy_deny: { rpc: 403, http: 403, says: 'code', fault: 'governance' },
  validation_failed: { rpc: 422, http: 422, says: 'code', fault: 'governance' },
  rate_limited: { rpc: 429, http: 429, says: 'code', fault: 'governance' },
  approval_required: { rpc: 403, http: 403, says: 'code', fault: 'governance' },
  policy_error: { rpc: 403, http: 403, says: 'code', fault: 'governance' },
  policy_unavailable: { rpc: 503, http: 503, says: 'code', fault: 'governance' },
  upstream_unavailable: { rpc: 502, http: 502, says: 'code', fault: 'governance' },
  upstream_timeout: { rpc: 504, http: 504, says: 'code', fault: 'governance' },
  upstream_unauthorized: { rpc: 502, http: 502, says: 'code', fault: 'governance' },
  upstream_invalid: { rpc: 502, http: 502, says: 'code', fault: 'governance' },
  log_unavailable: { rpc: 503, http: 503, says: 'code', fault: 'governance' },
  internal: { rpc: 500, http: 500, says: 'code', fault: 'governance' },
  parse_error: { rpc: -32700, http: 400, says: 'message', fault: 'protocol' },
  invalid_request: { rpc: -32600, http: 400, says: 'message', fault: 'protocol' },
  invalid_params: { rpc: -32602, http: 400, says: 'message', fault: 'protocol' },
  header_mismatch: { rpc: -32020, http: 400, says: 'message', fault: 'protocol' },
  method_not_found: { rpc: -32601, http: 404, says: 'message', fault: 'protocol' },
  unsupported_version: { rpc: -32022, http: 400, says: 'message', fault: 'protocol' },
  unknown_revision: { rpc: -32000, http: 400, says: 'message', fault: 'protocol' },
  missing_capability: { rpc: -32021, http: 400, says: 'message', fault: 'protocol' },
  session_required: { rpc: -32000, http: 400, says: 'message', fault: 'protocol' },
  not_acceptable: { rpc: -32000, http: 406, says: 'message', fault: 'protocol' },
  unsupported_media_type: { rpc: -32000, http: 415, says: 'message', fault: 'protocol' },
  body_too_large: { rpc: -32000, http: 413, says: 'message', fault: 'protocol' },
  forbidden_host: { rpc: -32000, http: 403, says: 'message', fault: 'protocol' },
  forbidden_origin: { rpc: -32000, http: 403, says: 'message', fault: 'protocol' },
  unauthenticated: { rpc: 401, http: 401, says: 'message', fault: 'protocol' },
  session_not_found: { rpc: -32001, http: 404, says: 'message', fault: 'protocol' },
  method_not_allowed: { rpc: -32000, http: 405, says: 'message', fault: 'protocol' },
  overloaded: { rpc: -32000, http: 503, says: 'message', fault: 'protocol' },
  post_only: { rpc: -32000, http: 405, says: 'message', fault: 'protocol' },
  stopping: { rpc: -32000, http: 503, says: 'message', fault: 'protocol' },
  not_found: { rpc: -32000, http: 404, says: 'message', fault: 'protocol' },
}

export interface WireForm {
  readonly rpc: number
  readonly http: number
  /** `error.message` is the code itself, for scripts, or the sentence of the error. */
  readonly says: 'code' | 'message'
  /** `POLICY_DENY_STYLE` governs the first kind; protocol faults keep the statuses of the MCP specification. */
  readonly fault: 'governance' | 'protocol'
}
