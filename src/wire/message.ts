import { GatewayError } from '../domain/errors.js'
import type { Member, Members, Message, Params } from '../domain/message.js'
import { decodeString, JsonFault, scanJson } from './json-text.js'
import { caseVariantOf } from './protocol-keys.js'

/**
 * Reads one JSON-RPC 2.0 message without changing a byte of it. Whatever two parsers could read
 * differently is refused: batches, duplicate keys, case variants of the protocol's own keys, a message
 * that is a request and a response at once.
 * @throws GatewayError `parse_error` (not JSON in UTF-8) or `invalid_request` (not one plain message)
 */
export function readMessage(text: Buffer): Message {
  const { shape, members, wellFormed } = scan(text)
  if (shape === 'array')
    throw invalid('JSON-RPC batches are not accepted: send one message a request')
  if (shape !== 'object') throw invalid('A JSON-RPC message is an object')
  refuseCaseVariants(members, 'message')
  const version = members.get('jsonrpc')
  if (version?.shape !== 'string' || decodeString(text, version.value) !== '2.0') {
    throw invalid('"jsonrpc" must be "2.0"')
  }
  const method = members.get('method')
  return method === undefined
    ? readResponse(text, members, wellFormed)
    : readRequest(text, members, method, wellFormed)
}

function scan(text: Buffer): ReturnType<typeof scanJson> {
  try {
    return scanJson(text)
  } catch (thrown) {
    if (!(thrown instanceof JsonFault)) throw thrown
    const code =
      thrown.fault === 'duplicate_key' || thrown.fault === 'depth'
        ? 'invalid_request'
        : 'parse_error'
    throw new GatewayError(code, thrown.message, { cause: thrown })
  }
}

function readRequest(text: Buffer, members: Members, method: Member, wellFormed: boolean): Message {
  if (members.has('result') || members.has('error')) {
    throw invalid('A message with "method" may not have "result" or "error" too')
  }
  if (method.shape !== 'string') throw invalid('"method" must be a string')
  const name = decodeString(text, method.value)
  const params = readParams(members.get('params'))
  const id = members.get('id')
  if (id === undefined) {
    return { form: 'notification', text, method: name, params, wellFormed }
  }
  if (id.shape !== 'string' && id.shape !== 'number') {
    throw invalid('"id" of a request must be a string or a number')
  }
  return { form: 'request', text, id: literal(text, id), method: name, params, wellFormed }
}

function readParams(params: Member | undefined): Params | undefined {
  if (params === undefined) return undefined
  if (params.shape !== 'object') throw invalid('"params" must be an object')
  refuseCaseVariants(params.members, 'params')
  return { span: params.value, members: params.members }
}

function readResponse(text: Buffer, members: Members, wellFormed: boolean): Message {
  const result = members.get('result')
  const error = members.get('error')
  const outcome = result ?? error
  if (outcome === undefined) {
    throw invalid('A JSON-RPC message has "method", "result" or "error"')
  }
  if (result !== undefined && error !== undefined) {
    throw invalid('A response may not have "result" and "error" at once')
  }
  refuseCaseVariants(outcome.members, result === undefined ? 'error' : 'result')
  const id = members.get('id')
  if (id !== undefined && id.shape !== 'string' && id.shape !== 'number' && id.shape !== 'null') {
    throw invalid('"id" of a response must be a string, a number or null')
  }
  return {
    form: 'response',
    text,
    id: id === undefined ? 'null' : literal(text, id),
    outcome: { type: result === undefined ? 'error' : 'result', span: outcome.value },
    members: outcome.members,
    wellFormed,
  }
}

function refuseCaseVariants(members: Members, where: string): void {
  for (const key of members.keys()) {
    const variant = caseVariantOf(key)
    if (variant !== undefined) {
      throw invalid(`${JSON.stringify(key)} in the ${where} differs from "${variant}" only in case`)
    }
  }
}

function literal(text: Buffer, member: Member): string {
  return text.toString('utf8', member.value.start, member.value.end)
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_request', message)
}
