import type { JsonObject, JsonValue } from '../domain/json.js'
import { isJsonObject } from '../domain/json.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { envelopeKeys } from './eras.js'

/** What a message says of itself in the reserved members of `params._meta` (MCP 2026-07-28). */
export type Envelope =
  /** No revision is claimed there: whatever else stands there, this is no message of the modern era. */
  | { readonly type: 'none'; readonly hasMeta: boolean }
  | { readonly type: 'valid'; readonly revision: string }
  | { readonly type: 'invalid'; readonly key: string; readonly problem: string }

/** A notification has to name its revision only. */
export function readEnvelope(message: RequestMessage | NotificationMessage): Envelope {
  const meta = metaOf(message)
  if (meta === undefined || !Object.hasOwn(meta, envelopeKeys.protocolVersion)) {
    return { type: 'none', hasMeta: meta !== undefined }
  }
  const revision = meta[envelopeKeys.protocolVersion]
  if (typeof revision !== 'string') {
    return { type: 'invalid', key: envelopeKeys.protocolVersion, problem: 'is not a string' }
  }
  const fault = message.form === 'request' ? faultOf(meta) : undefined
  return fault === undefined ? { type: 'valid', revision } : { type: 'invalid', ...fault }
}

function metaOf({ text, params }: RequestMessage | NotificationMessage): JsonObject | undefined {
  const meta = params?.members.get('_meta')
  if (meta?.shape !== 'object') return undefined
  return JSON.parse(text.toString('utf8', meta.value.start, meta.value.end)) as JsonObject
}

interface Fault {
  readonly key: string
  readonly problem: string
}

function faultOf(meta: JsonObject): Fault | undefined {
  const { clientCapabilities, clientInfo, logLevel } = envelopeKeys
  if (!Object.hasOwn(meta, clientCapabilities)) {
    return { key: clientCapabilities, problem: 'missing' }
  }
  if (!isJsonObject(meta[clientCapabilities])) {
    return { key: clientCapabilities, problem: 'is not an object' }
  }
  if (!isAbsent(meta, clientInfo) && !isImplementation(meta[clientInfo])) {
    return { key: clientInfo, problem: 'is no object with a name and a version' }
  }
  if (!isAbsent(meta, logLevel) && !logLevels.has(meta[logLevel])) {
    return { key: logLevel, problem: 'is no log level' }
  }
  if (!isAbsent(meta, 'progressToken') && !isToken(meta['progressToken'])) {
    return { key: 'progressToken', problem: 'is neither a string nor an integer' }
  }
  return undefined
}

function isAbsent(meta: JsonObject, key: string): boolean {
  return !Object.hasOwn(meta, key)
}

function isImplementation(value: JsonValue | undefined): boolean {
  return (
    isJsonObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'
  )
}

function isToken(value: JsonValue | undefined): boolean {
  return typeof value === 'string' || Number.isInteger(value)
}

const logLevels: ReadonlySet<unknown> = new Set([
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
])
