import type { Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { decodeString } from './json-text.js'
import { methodRow } from './methods.js'

/**
 * Headers that mirror the body must agree with it: whoever decides by one while the other runs is deceived.
 * @throws GatewayError `header_mismatch`
 */
export function refuseDisagreement(
  message: RequestMessage | NotificationMessage,
  headers: Headers,
  bodyVersion: string | undefined,
): void {
  const method = headers['mcp-method']
  if (method !== undefined && method.trim() !== message.method) {
    throw mismatch('Mcp-Method', 'method')
  }
  const name = headers['mcp-name']
  if (name !== undefined && readMirrored(name) !== mirroredValue(message)) {
    throw mismatch('Mcp-Name', 'name')
  }
  const version = headers['mcp-protocol-version']
  const declares = message.method !== 'initialize' && bodyVersion !== undefined
  if (declares && version !== undefined && version.trim() !== bodyVersion) {
    throw mismatch('MCP-Protocol-Version', 'protocol version')
  }
}

function mismatch(header: string, member: string): GatewayError {
  return new GatewayError('header_mismatch', `${header} and the ${member} in the body disagree`)
}

function mirroredValue({ method, params, text }: RequestMessage | NotificationMessage) {
  const mirrored = methodRow(method)?.mirrored ?? 'none'
  const member = mirrored === 'none' ? undefined : params?.members.get(mirrored)
  return member?.shape === 'string' ? decodeString(text, member.value) : undefined
}

const sentinel = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** A mirrored value: plain, or UTF-8 in base64 between `=?base64?` and `?=` (MCP 2026-07-28). */
function readMirrored(value: string): string {
  const trimmed = value.trim()
  const encoded = sentinel.exec(trimmed)?.[1]
  return encoded === undefined ? trimmed : Buffer.from(encoded, 'base64').toString('utf8')
}

/**
 * A response has neither method nor name: a header that claims one deceives whoever decides by it.
 * @throws GatewayError `header_mismatch`
 */
export function refuseMirrored(headers: Headers): void {
  if (headers['mcp-method'] !== undefined) throw mismatch('Mcp-Method', 'method')
  if (headers['mcp-name'] !== undefined) throw mismatch('Mcp-Name', 'name')
}

/** Header form of a mirrored value: base64 where it is not plain visible ASCII. */
export function writeMirrored(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value)
  return plain && !sentinel.test(value)
    ? value
    : `=?base64?${Buffer.from(value).toString('base64')}?=`
}
