import { GatewayError } from '../domain/errors.js'
import { isJsonObject } from '../domain/json.js'
import type { Message } from '../domain/message.js'
import { readMessage } from '../wire/message.js'

/** What a child wrote on one line of stdout. */
export type Heard =
  | { readonly type: 'message'; readonly message: Message }
  /** Meant as a message, but two parsers could read it differently. The ids are for saying so, and for nothing else. */
  | { readonly type: 'ambiguous'; readonly answers: unknown; readonly asks: unknown }
  | { readonly type: 'noise' }

export function readLine(line: Buffer): Heard {
  try {
    return { type: 'message', message: readMessage(line) }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return guess(line)
  }
}

function guess(line: Buffer): Heard {
  const value = parse(line)
  if (Array.isArray(value)) {
    return value.some(isMeant) ? { type: 'ambiguous', answers: undefined, asks: undefined } : noise
  }
  if (!isMeant(value)) return noise
  const { id, method } = value
  return method === undefined
    ? { type: 'ambiguous', answers: id, asks: undefined }
    : { type: 'ambiguous', answers: undefined, asks: id }
}

const noise: Heard = { type: 'noise' }

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

function isMeant(value: unknown): value is { readonly [key: string]: unknown } {
  return isJsonObject(value) && value['jsonrpc'] === '2.0'
}
