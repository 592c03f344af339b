import { GatewayError } from '../domain/errors.js'
import { isJsonObject } from '../domain/json.js'
import type { Member, NotificationMessage, RequestMessage } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import type { ClaimedClient } from '../domain/session.js'
import { decodeString } from './json-text.js'
import { methodRow, methodTakenFor } from './methods.js'

type Asking = RequestMessage | NotificationMessage

/**
 * What the message asks for.
 * @throws GatewayError `invalid_params` where the method's own members are missing or of another type,
 * `invalid_request` where the method could be taken for another one
 */
export function readOperation(message: Asking): Operation {
  const kind = message.method
  const row = methodRow(kind)
  if (row === undefined) return unknown(message)
  // A call without an id is a call to whoever does not look for one: it is judged as what its method says.
  switch (row.target) {
    case 'tool':
      return {
        type: 'tool',
        kind,
        name: requireText(message, 'name'),
        args: readArguments(message),
      }
    case 'prompt':
      return {
        type: 'prompt',
        kind,
        name: requireText(message, 'name'),
        args: readArguments(message),
      }
    case 'resource':
      return { type: 'resource', kind, uri: requireUri(message) }
    case 'params':
      return other(message)
  }
}

function unknown(message: Asking): Operation {
  const known = methodTakenFor(message.method)
  if (known === undefined) return other(message)
  throw new GatewayError(
    'invalid_request',
    `"method" differs from "${known}" only in case, white space or control characters`,
  )
}

function other(message: Asking): Operation {
  return { type: 'other', kind: message.method, params: message.params?.span }
}

/** @throws GatewayError `invalid_params` where the message's params have no such text */
export function requireText(message: Asking, name: string): string {
  const member = message.params?.members.get(name)
  if (member?.shape !== 'string') {
    throw new GatewayError('invalid_params', `${message.method} needs "params.${name}", a string`)
  }
  return decodeString(message.text, member.value)
}

function readArguments(message: Asking): Member['value'] | undefined {
  const member = message.params?.members.get('arguments')
  if (member === undefined) return undefined
  if (member.shape !== 'object') {
    throw new GatewayError('invalid_params', '"params.arguments" must be an object')
  }
  return member.value
}

function requireUri(message: Asking): string {
  const uri = requireText(message, 'uri')
  if (hasBlanks(uri) || !URL.canParse(uri)) {
    throw new GatewayError('invalid_params', '"params.uri" is not an absolute URI')
  }
  return uri
}

// WHATWG parsers drop tabs and line breaks, so a URI with them names another resource than it seems to.
function hasBlanks(uri: string): boolean {
  return Array.from(uri).some((character) => character <= ' ' || character === '\u007f')
}

/** What the client says of itself: `clientInfo` of `initialize`, or the modern era's `_meta`. */
export function readClaimedClient(message: Asking): ClaimedClient | undefined {
  if (message.method === 'initialize') return claimed(parse(message, 'clientInfo'))
  return claimed(readMeta(message)?.['io.modelcontextprotocol/clientInfo'])
}

/** The protocol revision that the body names: the modern era's `_meta`, or what `initialize` offers. */
export function readProtocolVersion(message: Asking): string | undefined {
  const version =
    message.method === 'initialize'
      ? parse(message, 'protocolVersion')
      : readMeta(message)?.['io.modelcontextprotocol/protocolVersion']
  return typeof version === 'string' ? version : undefined
}

function readMeta(message: Asking): Record<string, unknown> | undefined {
  const meta = message.params?.members.get('_meta')
  if (meta === undefined) return undefined
  const { start, end } = meta.value
  if (!message.text.subarray(start, end).includes('io.modelcontextprotocol/')) return undefined
  const value = parse(message, '_meta')
  return isJsonObject(value) ? value : undefined
}

function parse(message: Asking, name: string): unknown {
  const member = message.params?.members.get(name)
  if (member === undefined) return undefined
  return JSON.parse(message.text.toString('utf8', member.value.start, member.value.end))
}

function claimed(value: unknown): ClaimedClient | undefined {
  if (!isJsonObject(value)) return undefined
  const { name, version } = value
  return {
    name: typeof name === 'string' ? name : '',
    version: typeof version === 'string' ? version : '',
  }
}
