import type { Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { decodeString } from './json-text.js'
import { methodRow } from './methods.js'

/**
 * Headers that mirror the body must agree with it: whoever decides by one while the other runs is deceived.
 * @param bodyVersion the revision that the message is of; what `initialize` offers is not that
 * @throws GatewayError `header_mismatch`
 */
export function refuseDisagreement(
  message: RequestMessage | NotificationMessage,
  headers: Headers,
  bodyVersion: string | undefined,
): void {
  const method = headers['mcp-method']
  if (method !== undefined && withoutSpace(method) !== message.method) {
    throw mismatch('Mcp-Method', 'method')
  }
  const name = headers['mcp-name']
  if (name !== undefined) refuseOtherName(name, message)
  const version = headers['mcp-protocol-version']
  const declares = bodyVersion !== undefined && version !== undefined
  if (declares && withoutSpace(version) !== bodyVersion) {
    throw mismatch('MCP-Protocol-Version', 'protocol version')
  }
}

/** The member of the body that `Mcp-Name` mirrors; undefined where there is none. */
export function mirroredMember({
  method,
  params,
  text,
}: RequestMessage | NotificationMessage): string | undefined {
  const mirrored = methodRow(method)?.mirrored ?? 'none'
  const member = mirrored === 'none' ? undefined : params?.members.get(mirrored)
  return member?.shape === 'string' ? decodeString(text, member.value) : undefined
}

/** A header value without the optional white space around it (RFC 9110, section 5.6.3): spaces and tabs, nothing else. */
export function withoutSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start += 1
  while (end > start && isSpace(value.charCodeAt(end - 1))) end -= 1
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function mismatch(header: string, member: string): GatewayError {
  return new GatewayError('header_mismatch', `${header} and the ${member} in the body disagree`)
}

function refuseOtherName(header: string, message: RequestMessage | NotificationMessage): void {
  const name = readMirrored(header)
  if (name === undefined) {
    throw new GatewayError('header_mismatch', 'Mcp-Name is not valid: bad base64, or not in UTF-8')
  }
  // What a method of an extension mirrors is for those to say who know it.
  if (methodRow(message.method) === undefined) return
  if (name !== mirroredMember(message)) throw mismatch('Mcp-Name', 'name')
}

const opening = '=?base64?'
const closing = '?='
const canonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * A mirrored value: plain, or UTF-8 in base64 between `=?base64?` and `?=` (MCP 2026-07-28). Undefined where it seems
 * to be the latter and cannot be decoded.
 */
export function readMirrored(header: string): string | undefined {
  const value = withoutSpace(header)
  if (!isEncoded(value)) return value
  const encoded = value.slice(opening.length, -closing.length)
  if (!canonical.test(encoded)) return undefined
  const decoded = Buffer.from(encoded, 'base64')
  const text = decoded.toString('utf8')
  return Buffer.from(text).equals(decoded) ? text : undefined
}

function isEncoded(value: string): boolean {
  const shortest = opening.length + closing.length
  return value.length >= shortest && value.startsWith(opening) && value.endsWith(closing)
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
  return plain && !isEncoded(value)
    ? value
    : `${opening}${Buffer.from(value).toString('base64')}${closing}`
}
