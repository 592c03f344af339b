import type { Eras } from '../domain/era.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
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
 * @throws GatewayError where it cannot be reached, answers neither, or does not answer in time
 */
export async function probeEras(
  upstream: Upstream,
  newId: () => string,
  answerMs = probeMs,
): Promise<Eras> {
  const probe = { upstream, newId, answerMs }
  const unanswered: GatewayError[] = []
  // Servers answer what they do not know in many ways, also with pages, empty bodies and not at all.
  const none = (thrown: unknown): readonly string[] => {
    const error = asGatewayError(thrown)
    if (error.code !== 'upstream_invalid' && error.code !== 'upstream_timeout') throw error
    unanswered.push(error)
    return []
  }
  const [named, begun] = await Promise.all([
    askModern(probe).catch(none),
    askLegacy(probe).catch(none),
  ])
  const eras = {
    modern: named.filter(isModernRevision),
    legacy: begun.length > 0 ? begun : named.filter((revision) => !isModernRevision(revision)),
  }
  if (eras.modern.length + eras.legacy.length > 0) return eras
  const late = unanswered.find(({ code }) => code === 'upstream_timeout')
  throw late ?? new GatewayError('upstream_invalid', 'The server speaks no revision known here')
}

/** Calls wait for it. */
const probeMs = 10_000

interface Probe {
  readonly upstream: Upstream
  readonly newId: () => string
  /** How long the server may take to answer each question, milliseconds. */
  readonly answerMs: number
}

const client = { name: 'portcullis', version: '1.0.0' }
const { maxMessageBytes } = defaultLimits

async function askModern(probe: Probe): Promise<readonly string[]> {
  const [revision = ''] = modernRevisions
  const params = envelopeParams({
    revision,
    protocol: '',
    clientInfo: client,
    capabilities: {},
    logLevel: undefined,
  })
  const speaking = { era: 'modern', protocol: revision, session: undefined } as const
  const { message } = await ask(probe, 'server/discover', params, speaking)
  const path = message.outcome.type === 'result' ? ['supportedVersions'] : ['data', 'supported']
  const versions = textAt(outcomeText(message), ...path)
  const list: unknown = versions === undefined ? [] : JSON.parse(versions)
  return Array.isArray(list) ? list.filter((version) => typeof version === 'string') : []
}

async function askLegacy(probe: Probe): Promise<readonly string[]> {
  const params = JSON.stringify({
    protocolVersion: offeredRevision,
    capabilities: {},
    clientInfo: client,
  })
  const speaking = { era: 'legacy', protocol: '', session: undefined } as const
  const { message, reply } = await ask(probe, 'initialize', params, speaking)
  if (message.outcome.type === 'error') return []
  const protocol = stringOf(textAt(outcomeText(message), 'protocolVersion')) ?? offeredRevision
  const session = sessionIn(reply)
  if (session !== undefined) {
    const headers = { accept: 'application/json', 'mcp-protocol-version': protocol }
    const ended = probe.upstream.end({ session, headers }, createLine())
    ended.then(({ body }) => drain(body)).catch(() => undefined)
  }
  return [protocol]
}

async function ask(
  { upstream, newId, answerMs }: Probe,
  method: string,
  params: string,
  speaking: Speaking,
): Promise<{ message: ResponseMessage; reply: Reply }> {
  const text = requestText(JSON.stringify(`bridged-${newId()}`), method, params)
  const origin = originCall({ session: undefined, headers: {} }, upstream.name, newId())
  const line = createLine()
  const timer = setTimeout(() => line.hangUp(), answerMs)
  try {
    const reply = await upstream.send(derivedCall(origin, text, speaking), line)
    return { message: await responseIn(reply, maxMessageBytes), reply }
  } catch (thrown) {
    if (!line.happened) throw thrown
    throw new GatewayError('upstream_timeout', `The server does not answer "${method}"`, {
      cause: thrown,
    })
  } finally {
    clearTimeout(timer)
  }
}
