import type { Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Era } from '../domain/era.js'
import type { Message, NotificationMessage, RequestMessage } from '../domain/message.js'
import { readEnvelope, type Envelope } from '../wire/envelope.js'
import { envelopeKeys, isModernRevision, legacyRevisions, modernRevisions } from '../wire/eras.js'
import { methodRow } from '../wire/methods.js'
import {
  mirroredMember,
  refuseDisagreement,
  refuseMirrored,
  withoutSpace,
} from '../wire/mirrored-headers.js'

/**
 * What the specification asks of a POST where the gateway itself is the server: the era is read from the body, and the
 * headers have to agree.
 * @throws GatewayError
 */
export function admitPosted(message: Message, headers: Headers): Era {
  const era =
    message.form === 'response'
      ? eraOfResponse(headers)
      : message.method === 'initialize' && !isModern(readEnvelope(message))
        ? eraOfInitialize(headers)
        : eraOf(message, headers)
  if (era === 'legacy') admitLegacy(message, headers)
  return era
}

/**
 * The same of a stream or the end of a session (GET, DELETE).
 * @throws GatewayError
 */
export function admitStream(method: string, headers: Headers): void {
  const revision = revisionIn(headers)
  if (revision !== undefined && isModernRevision(revision)) {
    throw new GatewayError('post_only', 'Method not allowed: this revision knows POST only')
  }
  refuseUnknownRevision(revision)
  if (method === 'GET' && !accepts(headers, eventStream)) {
    throw new GatewayError('not_acceptable', 'Not Acceptable: Accept needs text/event-stream')
  }
  refuseWithoutSession(headers)
}

function revisionIn(headers: Headers): string | undefined {
  const value = headers['mcp-protocol-version']
  return value === undefined ? undefined : withoutSpace(value)
}

function eraOfResponse(headers: Headers): Era {
  refuseMirrored(headers)
  if (isModernRevision(revisionIn(headers) ?? '')) {
    throw new GatewayError('invalid_request', 'This revision has no responses of clients')
  }
  return 'legacy'
}

function isModern(envelope: Envelope): boolean {
  return envelope.type === 'valid' && isModernRevision(envelope.revision)
}

function eraOfInitialize(headers: Headers): Era {
  const revision = revisionIn(headers)
  if (revision !== undefined && isModernRevision(revision)) {
    throw mismatch(`initialize is not a request of MCP-Protocol-Version ${revision}`)
  }
  return 'legacy'
}

function eraOf(message: RequestMessage | NotificationMessage, headers: Headers): Era {
  const envelope = readEnvelope(message)
  const revision = revisionIn(headers)
  switch (envelope.type) {
    case 'invalid':
      throw invalidEnvelope(envelope.key, envelope.problem)
    case 'valid':
      refuseDisagreement(message, headers, envelope.revision)
      refuseUnserved(envelope.revision)
      if (message.form === 'request') admitModern(message, headers)
      return 'modern'
    case 'none':
      refuseDisagreement(message, headers, undefined)
      if (revision === undefined || !isModernRevision(revision)) return 'legacy'
      if (message.form === 'notification') return 'modern'
      throw invalidEnvelope(envelope.hasMeta ? envelopeKeys.protocolVersion : '_meta', 'missing')
  }
}

function invalidEnvelope(key: string, problem: string): GatewayError {
  return new GatewayError('invalid_params', `Invalid params: _meta: ${key}: ${problem}`, {
    data: { envelope: { key, problem } },
  })
}

function refuseUnserved(requested: string): void {
  if (modernRevisions.includes(requested)) return
  throw new GatewayError('unsupported_version', `Unsupported protocol version: ${requested}`, {
    data: { supported: modernRevisions, requested },
  })
}

/** Headers that every request of the modern era carries. */
function admitModern(message: RequestMessage, headers: Headers): void {
  if (headers['mcp-protocol-version'] === undefined) throw missing('MCP-Protocol-Version')
  if (headers['mcp-method'] === undefined) throw missing('Mcp-Method')
  if (headers['mcp-name'] === undefined && mirroredMember(message) !== undefined) {
    throw missing('Mcp-Name')
  }
  refuseForeign(message, 'legacy', false)
}

function missing(header: string): GatewayError {
  return mismatch(`The ${header} header is missing, which this revision requires`)
}

function mismatch(message: string): GatewayError {
  return new GatewayError('header_mismatch', message)
}

function admitLegacy(message: Message, headers: Headers): void {
  refuseUnknownRevision(revisionIn(headers))
  if (!accepts(headers, json) || !accepts(headers, eventStream)) {
    throw new GatewayError(
      'not_acceptable',
      'Not Acceptable: Accept needs both application/json and text/event-stream',
    )
  }
  if (message.form === 'request' && message.method === 'initialize') return
  refuseWithoutSession(headers)
  if (message.form === 'request') refuseForeign(message, 'modern', true)
}

// The words of the servers that clients know: they fall back to the handshake on it.
function refuseUnknownRevision(revision: string | undefined): void {
  if (revision === undefined || legacyRevisions.includes(revision)) return
  const supported = legacyRevisions.join(', ')
  throw new GatewayError(
    'unknown_revision',
    `Bad Request: Unsupported protocol version: ${revision} (supported versions: ${supported})`,
  )
}

function refuseWithoutSession(headers: Headers): void {
  if ((headers['mcp-session-id'] ?? '') !== '') return
  throw new GatewayError('session_required', 'Bad Request: Mcp-Session-Id header is required')
}

/** Methods that only the other era has, or that only servers ask. */
function refuseForeign({ method }: RequestMessage, other: Era, inBand: boolean): void {
  const row = methodRow(method)
  if (row === undefined || (row.era !== other && row.direction !== 'to_client')) return
  throw new GatewayError('method_not_found', `Method not found: ${method}`, { inBand })
}

function accepts(headers: Headers, type: RegExp): boolean {
  return type.test(headers['accept'] ?? '')
}

const json = /application\/(?:json|\*)|\*\/\*/i
const eventStream = /text\/(?:event-stream|\*)|\*\/\*/i
