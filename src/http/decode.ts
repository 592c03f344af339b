import type { IncomingMessage } from 'node:http'
import type { Call, Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Era } from '../domain/era.js'
import type { Message } from '../domain/message.js'
import type { Identified, Identity, Sessions } from '../domain/ports.js'
import { claimedClient, cutClaim } from '../wire/claims.js'
import { refuseDisagreement, refuseMirrored } from '../wire/mirrored-headers.js'
import { readProtocolVersion } from '../wire/operation.js'
import { eraOf, nothingSaid, operationOf } from '../wire/spoken.js'
import { admitPosted, admitStream } from './terminated.js'

export interface DecodeParts {
  readonly identity: Identity
  readonly sessions: Sessions
  readonly server: string
  /** The gateway itself is the server here: it applies the specification, and no upstream will. */
  readonly terminated: boolean
  readonly now: () => number
  readonly newId: () => string
}

/** @throws GatewayError `invalid_request`, `header_mismatch`, `unauthenticated` */
export function readCaller(request: IncomingMessage, { identity }: DecodeParts): Identified {
  refuseHopByHop(request.headers.connection)
  refuseRepeated(request.rawHeaders)
  return identity.authenticate({
    peerAddress: request.socket.remoteAddress ?? '',
    headers: plainHeaders(request),
    isRepeated: (name) => isRepeated(name, request.rawHeaders),
  })
}

/**
 * A POSTed message as a call.
 * @throws GatewayError `parse_error`, `invalid_request`, `invalid_params`, `header_mismatch`, `session_not_found`, and
 * where the gateway is the server whatever else the specification has one refuse
 */
export function readCall(message: Message, caller: Identified, parts: DecodeParts): Call {
  const spoken = message.form === 'response' ? undefined : readProtocolVersion(message)
  if (parts.terminated) {
    return callOf(message, admitPosted(message, caller.headers), spoken, caller, parts)
  }
  if (message.form === 'response') refuseMirrored(caller.headers)
  else {
    const isOffer = message.method === 'initialize'
    refuseDisagreement(message, caller.headers, isOffer ? undefined : spoken)
  }
  return callOf(message, eraOf(message, spoken), spoken, caller, parts)
}

/**
 * The call that stands for a stream or session as a whole.
 * @param method GET or DELETE
 * @throws GatewayError `session_not_found`, and where the gateway is the server whatever else it has to refuse
 */
export function streamCall(method: string, caller: Identified, parts: DecodeParts): Call {
  if (parts.terminated) admitStream(method, caller.headers)
  return callOf(nothingSaid, 'legacy', undefined, caller, parts)
}

function callOf(
  message: Message,
  era: Era,
  spoken: string | undefined,
  { principal, requestIp, headers }: Identified,
  parts: DecodeParts,
): Call {
  // The modern era has no sessions: its servers ignore the header.
  const presented = era === 'modern' ? undefined : headers['mcp-session-id']
  const session = parts.sessions.find(presented, principal.id)
  const facts = parts.sessions.facts(session)
  const said = message.form === 'response' ? undefined : claimedClient(message)
  return {
    id: parts.newId(),
    message,
    operation: operationOf(message, era),
    direction: 'to_server',
    principal,
    claimed: said ?? facts?.claimed,
    server: parts.server,
    session,
    headers,
    requestIp,
    protocol: cutClaim(headers['mcp-protocol-version'] ?? spoken ?? facts?.protocol ?? ''),
    time: parts.now(),
    era,
  }
}

// What Connection names ends at this hop (RFC 9110, section 7.6.1); MCP needs these at the other end.
function refuseHopByHop(connection: string | undefined): void {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return
  if (namesEndToEnd.test(connection)) {
    throw new GatewayError(
      'invalid_request',
      'Connection names a header that MCP needs from end to end: leave it out there',
    )
  }
}

const namesEndToEnd = /(?:^|,)[ \t]*(?:content-type|accept|last-event-id|mcp-[^,]*)[ \t]*(?:,|$)/i

// Of request headers Node keeps only Set-Cookie as a list, and that means nothing in a request.
function plainHeaders({ headers }: IncomingMessage): Headers {
  if (headers['set-cookie'] === undefined) return headers as Headers
  const plain = { ...headers }
  delete plain['set-cookie']
  return plain as Headers
}

/** Of two values one server reads the first, another the last, and Node joins them. */
function refuseRepeated(raw: readonly string[]): void {
  let seen: string[] | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? ''
    // Every header of every request passes here, and few begin like this.
    if (name[3] !== '-' || !ofTheProtocol.test(name)) continue
    const folded = name.toLowerCase()
    if (seen?.includes(folded) === true) {
      throw new GatewayError('header_mismatch', `The ${name} header came more than once`)
    }
    if (seen === undefined) seen = [folded]
    else seen.push(folded)
  }
}

const ofTheProtocol = /^mcp-/i

function isRepeated(name: string, raw: readonly string[]): boolean {
  let times = 0
  for (let at = 0; at < raw.length; at += 2) if (raw[at]?.toLowerCase() === name) times += 1
  return times > 1
}

/** @throws GatewayError `unsupported_media_type` where the body is not plain JSON in UTF-8 */
export function refuseOtherMedia({ headers }: IncomingMessage): void {
  const type = headers['content-type'] ?? ''
  const encoding = headers['content-encoding'] ?? 'identity'
  if (!jsonInUtf8.test(type) || encoding !== 'identity') {
    throw new GatewayError(
      'unsupported_media_type',
      'Content-Type must be application/json, in UTF-8 and not compressed',
    )
  }
}

const jsonInUtf8 = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?$/i
