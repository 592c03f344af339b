import type { Eras } from '../domain/era.js'
import { GatewayError } from '../domain/errors.js'
import { createLine } from '../domain/hang-up.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Upstream } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { isModernRevision, modernRevisions, offeredRevision } from '../wire/eras.js'
import { defaultLimits } from './bridge-parts.js'
import { derivedCall, originCall, type Speaking } from './derived-call.js'
import { drain } from './frames.js'
import { outcomeText, requestText } from './messages.js'
import { responseIn } from './modern-requests.js'
import { envelopeParams } from './modern-text.js'
import { stringOf, textAt } from './object-text.js'
import { sessionIn } from './server-session.js'

/** Asks once and keeps the answer; where the server could not be asked, the next caller asks anew. */
export function keepEras(probe: () => Promise<Eras>): () => Promise<Eras> {
  let asked: Promise<Eras> | undefined
  return () => {
    asked ??= probe().catch((thrown: unknown) => {
      asked = undefined
      throw thrown
    })
    return asked
  }
}

/**
 * Which eras an HTTP server speaks: it is asked as clients of each do, and the session that one of them begins is ended.
 * @throws GatewayError where it cannot be reached, or answers neither
 */
export async function probeEras(upstream: Upstream, newId: () => string): Promise<Eras> {
  const named = await askModern(upstream, newId).catch(noneIfInvalid)
  const begun = await askLegacy(upstream, newId).catch(noneIfInvalid)
  const eras = {
    modern: named.filter(isModernRevision),
    legacy: begun.length > 0 ? begun : named.filter((revision) => !isModernRevision(revision)),
  }
  if (eras.modern.length + eras.legacy.length > 0) return eras
  throw new GatewayError('upstream_invalid', 'The server speaks no revision that is known here')
}

/** Servers answer what they do not know in many ways, also with pages and empty bodies. */
function noneIfInvalid(thrown: unknown): readonly string[] {
  if (thrown instanceof GatewayError && thrown.code === 'upstream_invalid') return []
  throw thrown
}

const client = { name: 'portcullis', version: '1.0.0' }
const { maxMessageBytes } = defaultLimits

async function askModern(upstream: Upstream, newId: () => string): Promise<readonly string[]> {
  const [revision = ''] = modernRevisions
  const params = envelopeParams({
    revision,
    protocol: '',
    clientInfo: client,
    capabilities: {},
    logLevel: undefined,
  })
  const speaking = { era: 'modern', protocol: revision, session: undefined } as const
  const { message } = await ask(upstream, newId, 'server/discover', params, speaking)
  const path = message.outcome.type === 'result' ? ['supportedVersions'] : ['data', 'supported']
  const versions = textAt(outcomeText(message), ...path)
  const list: unknown = versions === undefined ? [] : JSON.parse(versions)
  return Array.isArray(list) ? list.filter((version) => typeof version === 'string') : []
}

async function askLegacy(upstream: Upstream, newId: () => string): Promise<readonly string[]> {
  const params = JSON.stringify({
    protocolVersion: offeredRevision,
    capabilities: {},
    clientInfo: client,
  })
  const speaking = { era: 'legacy', protocol: '', session: undefined } as const
  const { message, reply } = await ask(upstream, newId, 'initialize', params, speaking)
  if (message.outcome.type === 'error') return []
  const protocol = stringOf(textAt(outcomeText(message), 'protocolVersion')) ?? offeredRevision
  const session = sessionIn(reply)
  if (session !== undefined) {
    const headers = { accept: 'application/json', 'mcp-protocol-version': protocol }
    const ended = upstream.end({ session, headers }, createLine())
    ended.then(({ body }) => drain(body)).catch(() => undefined)
  }
  return [protocol]
}

async function ask(
  upstream: Upstream,
  newId: () => string,
  method: string,
  params: string,
  speaking: Speaking,
): Promise<{ message: ResponseMessage; reply: Reply }> {
  const text = requestText(JSON.stringify(`bridged-${newId()}`), method, params)
  const origin = originCall({ session: undefined, headers: {} }, upstream.name, newId())
  const reply = await upstream.send(derivedCall(origin, text, speaking), createLine())
  return { message: await responseIn(reply, maxMessageBytes), reply }
}
