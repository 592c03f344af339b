import { isJsonObject, type JsonObject } from '../domain/json.js'
import { legacyRevisions, offeredRevision, tasksExtension } from '../wire/eras.js'

/**
 * What a legacy client said in `initialize`, and what each of its later requests needs towards a modern server. It is
 * carried in the session id, so that any replica can serve the session; all of it is what a client says of itself.
 */
export interface SessionCard {
  readonly protocol: string
  readonly clientInfo: JsonObject
  readonly capabilities: JsonObject
}

/** @param params of `initialize` */
export function cardOf(params: JsonObject): SessionCard {
  const { protocolVersion, clientInfo, capabilities } = params
  const isKnown = typeof protocolVersion === 'string' && legacyRevisions.includes(protocolVersion)
  return {
    protocol: isKnown ? protocolVersion : offeredRevision,
    clientInfo: namedClient(isJsonObject(clientInfo) ? clientInfo : {}),
    capabilities: bridgedCapabilities(isJsonObject(capabilities) ? capabilities : {}),
  }
}

/** A session id that holds the card. @param nonce makes it unguessable */
export function mintSessionId(card: SessionCard, nonce: string): string {
  const id = written(card, nonce)
  return id.length <= longestId ? id : written(withoutExtras(card), nonce)
}

/** The card in a session id; undefined where the bridge cannot have minted it. */
export function readSessionId(id: string): SessionCard | undefined {
  if (!id.startsWith(prefix)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(id.slice(prefix.length), 'base64url').toString())
    if (!isJsonObject(value)) return undefined
    const { p: protocol, i: clientInfo, c: capabilities } = value
    const isCard =
      typeof protocol === 'string' &&
      legacyRevisions.includes(protocol) &&
      isJsonObject(clientInfo) &&
      isJsonObject(capabilities)
    return isCard ? { protocol, clientInfo, capabilities } : undefined
  } catch {
    return undefined
  }
}

const prefix = 'bridged.'

/** Front doors take ids of 1,024 characters at most, and may add a seal of their own. */
const longestId = 960

function written({ protocol, clientInfo, capabilities }: SessionCard, nonce: string): string {
  const text = JSON.stringify({ p: protocol, i: clientInfo, c: capabilities, r: nonce })
  return prefix + Buffer.from(text).toString('base64url')
}

const longestName = 64

export function namedClient({ name, version }: JsonObject): JsonObject {
  return { name: cut(name), version: cut(version) }
}

function cut(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestName) : ''
}

/** What a modern server can use of a client behind the bridge: tasks have other shapes there. */
export function bridgedCapabilities(capabilities: JsonObject): JsonObject {
  const kept: Record<string, JsonObject> = {}
  for (const name of ['elicitation', 'sampling', 'experimental', 'extensions'] as const) {
    const capability = capabilities[name]
    if (isJsonObject(capability)) kept[name] = capability
  }
  if (isJsonObject(capabilities['roots'])) kept['roots'] = {}
  const { extensions } = kept
  if (extensions !== undefined) {
    kept['extensions'] = Object.fromEntries(
      Object.entries(extensions).filter(([name]) => name !== tasksExtension),
    )
  }
  return kept
}

function withoutExtras({ protocol, capabilities }: SessionCard): SessionCard {
  const { elicitation, sampling, roots } = capabilities
  const bare = (capability: unknown, ...modes: readonly string[]): JsonObject =>
    Object.fromEntries(
      modes.flatMap((mode) => (isJsonObject(capability) && mode in capability ? [[mode, {}]] : [])),
    )
  return {
    protocol,
    clientInfo: { name: '', version: '' },
    capabilities: {
      ...(elicitation === undefined ? {} : { elicitation: bare(elicitation, 'form', 'url') }),
      ...(sampling === undefined ? {} : { sampling: bare(sampling, 'tools', 'context') }),
      ...(roots === undefined ? {} : { roots: {} }),
    },
  }
}
