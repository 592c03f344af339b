import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import { createLine, type HangUp } from '../domain/hang-up.js'
import type { StreamRequest } from '../domain/ports.js'
import type { BridgeParts } from './bridge-parts.js'
import { derivedCall, originCall } from './derived-call.js'
import { drain, framesOf, carriesMessage, wholeText } from './frames.js'
import { outcomeText, readUpstreamMessage, requestText, type RpcError } from './messages.js'
import { enveloped, envelopeParams, type Envelope } from './modern-text.js'
import { learnTools, mirroredArguments } from './mirrored-arguments.js'
import { objectOf, stringOf, textAt } from './object-text.js'
import type { SessionCard } from './session-card.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'

/** Requests to a modern server in the name of a legacy client. */
export interface ModernRequests {
  discover(call: Call, card: SessionCard): Promise<Discovered>
  /** Has the catalog learn of the tool that is called, where it does not know it. */
  learnTool(call: Call, card: SessionCard): Promise<void>
  /** Makes calls to the server of the client's texts. */
  translator(
    call: Call,
    card: SessionCard,
    logLevel: string | undefined,
  ): Promise<(text: Buffer) => Call>
  /** Makes `subscriptions/listen` calls with a filter. */
  listener(call: Call, card: SessionCard): Promise<(filter: string) => Call>
  /** A call that stands for a stream, to derive others from. */
  origin(stream: StreamRequest): Call
}

export type Discovered =
  | { readonly type: 'result'; readonly result: string }
  | { readonly type: 'error'; readonly error: RpcError }

export function createModernRequests(
  { upstream, newId, limits, catalog }: BridgeParts,
  revision: () => Promise<string>,
): ModernRequests {
  const envelopeOf = async (card: SessionCard, logLevel?: string): Promise<Envelope> => ({
    ...card,
    logLevel,
    revision: await revision(),
  })

  const callWith = (call: Call, text: Buffer, protocol: string): Call => {
    const derived = derivedCall(call, text, { era: 'modern', protocol, session: undefined })
    return { ...derived, headers: { ...derived.headers, ...mirroredArguments(derived, catalog) } }
  }

  const own = (call: Call, envelope: Envelope, method: string, params?: string): Call => {
    const id = JSON.stringify(`bridged-${newId()}`)
    const text = requestText(id, method, envelopeParams(envelope, params))
    return callWith(call, text, envelope.revision)
  }

  const learnAll = async (call: Call, envelope: Envelope, hangUp: HangUp): Promise<void> => {
    let params: string | undefined = '{}'
    for (let page = 0; page < mostPages && params !== undefined; page += 1) {
      const reply = await upstream.send(own(call, envelope, 'tools/list', params), hangUp)
      const listed = await responseIn(reply, limits.maxMessageBytes)
      if (listed.outcome.type === 'error') return
      const result = outcomeText(listed)
      learnTools(catalog, call.server, result)
      const cursor = textAt(result, 'nextCursor')
      params = stringOf(cursor) === undefined ? undefined : `{"cursor":${cursor ?? ''}}`
    }
  }

  return {
    discover: async (call, card) => {
      const request = own(call, await envelopeOf(card), 'server/discover')
      const reply = await upstream.send(request, createLine())
      return discoveredIn(await responseIn(reply, limits.maxMessageBytes))
    },
    learnTool: async (call, card) => {
      const { operation, server, principal, time } = call
      if (operation.type !== 'tool' || catalog.tool(server, operation.name) !== undefined) return
      if (!catalog.mayAsk(server, principal.id, time)) return
      const line = createLine()
      const timer = setTimeout(() => line.hangUp(), longestWaitMs)
      // What cannot be learnt stays unknown: the call itself will show what is wrong.
      await learnAll(call, await envelopeOf(card), line).catch(() => undefined)
      clearTimeout(timer)
    },
    translator: async (call, card, logLevel) => {
      const envelope = await envelopeOf(card, logLevel)
      return (text) => callWith(call, enveloped(text, envelope), envelope.revision)
    },
    listener: async (call, card) => {
      const envelope = await envelopeOf(card)
      return (filter) => own(call, envelope, 'subscriptions/listen', `{"notifications":${filter}}`)
    },
    origin: (stream) => originCall(stream, upstream.name, newId()),
  }
}

/** A tool on a later page is as good as unknown. */
const mostPages = 20
/** All of it, while a call waits, milliseconds. */
const longestWaitMs = 10_000

function discoveredIn(message: ResponseMessage): Discovered {
  const text = outcomeText(message)
  if (message.outcome.type === 'result') return { type: 'result', result: text }
  const { code, message: said } = objectOf(text)
  return {
    type: 'error',
    error: {
      code: typeof code === 'number' ? code : -32603,
      message: typeof said === 'string' ? said : '',
    },
  }
}

/**
 * The response in a reply to a request of the bridge's own; whatever comes before it is dropped.
 * @throws GatewayError `upstream_invalid` where there is none
 */
export async function responseIn(reply: Reply, maxMessageBytes: number): Promise<ResponseMessage> {
  if (reply.form === 'json') {
    const message = readUpstreamMessage(await wholeText(reply, maxMessageBytes))
    if (message.form === 'response') return message
  }
  if (reply.form === 'events') {
    const frames = framesOf(reply, maxMessageBytes)
    for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
      if (!carriesMessage(frame)) continue
      const message = readUpstreamMessage(frame.data)
      if (message.form !== 'response') continue
      drain(reply.body)
      return message
    }
  }
  reply.body.cancel()
  throw new GatewayError(
    'upstream_invalid',
    `The server answered with HTTP ${reply.status} and no response`,
  )
}
