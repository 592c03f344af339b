import { GatewayError } from '../domain/errors.js'
import type { JsonObject } from '../domain/json.js'
import { jsonReply } from '../domain/local-reply.js'
import type { Message, ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { readMessage } from '../wire/message.js'

/** @param id as it is spelled in JSON; so are `params` and `result` below */
export function requestText(id: string, method: string, params: string | undefined): Buffer {
  const rest = params === undefined ? '' : `,"params":${params}`
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${rest}}`)
}

export function notificationText(method: string, params: string | undefined): Buffer {
  const rest = params === undefined ? '' : `,"params":${params}`
  return Buffer.from(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${rest}}`)
}

export function resultText(id: string, result: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${result}}`)
}

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: JsonObject
}

export function errorText(id: string, error: RpcError): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`)
}

export function resultReply(id: string, result: string, headers: Reply['headers'] = []): Reply {
  return jsonReply(resultText(id, result), 200, headers)
}

export function errorReply(id: string, error: RpcError, status = 200): Reply {
  return jsonReply(errorText(id, error), status)
}

/** Codes of JSON-RPC and MCP that the bridge gives or looks for. */
export const codes = {
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  oldResourceNotFound: -32002,
  urlElicitationRequired: -32042,
} as const

/**
 * A message of the server behind the bridge.
 * @throws GatewayError `upstream_invalid`
 */
export function readUpstreamMessage(text: Buffer): Message {
  try {
    return readMessage(text)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new GatewayError('upstream_invalid', thrown.message, { cause: thrown })
  }
}

/** The text of the result or error object. */
export function outcomeText({ text, outcome }: ResponseMessage): string {
  return text.toString('utf8', outcome.span.start, outcome.span.end)
}

/** One text for all spellings of a JSON-RPC id. */
export function comparableId(id: string): string {
  return JSON.stringify(JSON.parse(id))
}
