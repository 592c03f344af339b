import type { Call } from '../domain/call.js'
import type { JsonObject } from '../domain/json.js'
import type { RequestMessage } from '../domain/message.js'
import { envelopeKeys } from '../wire/eras.js'
import { objectOf, stringOf, textAt, withMembers } from './object-text.js'
import { bridgedCapabilities, namedClient } from './session-card.js'

/** A modern client's request, and what it says of the client. */
export interface ModernRequest {
  readonly call: Call
  readonly message: RequestMessage
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject
  /** Undefined where the client wants no log messages. */
  readonly logLevel: string | undefined
  /** As it is spelled. */
  readonly progressToken: string | undefined
  /** The params as they were sent. */
  readonly params: string | undefined
  /** The request as a legacy server takes it. */
  readonly legacyText: Buffer
}

export function readModernRequest(call: Call, message: RequestMessage): ModernRequest {
  const json = message.text.toString()
  const params = textAt(json, 'params')
  const meta = textAt(params, '_meta')
  const { protocolVersion, clientInfo, clientCapabilities, logLevel } = envelopeKeys
  const rest = withMembers(meta, {
    [protocolVersion]: undefined,
    [clientInfo]: undefined,
    [clientCapabilities]: undefined,
    [logLevel]: undefined,
  })
  const legacyParams = withMembers(params, {
    _meta: Object.keys(objectOf(rest)).length === 0 ? undefined : rest,
    inputResponses: undefined,
    requestState: undefined,
  })
  return {
    call,
    message,
    params,
    capabilities: bridgedCapabilities(objectOf(textAt(meta, clientCapabilities))),
    clientInfo: namedClient(objectOf(textAt(meta, clientInfo))),
    logLevel: stringOf(textAt(meta, logLevel)),
    progressToken: textAt(meta, 'progressToken'),
    legacyText: Buffer.from(withMembers(json, { params: legacyParams })),
  }
}
