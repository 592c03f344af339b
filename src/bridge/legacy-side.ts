import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import { emptyReply, jsonReply } from '../domain/local-reply.js'
import type { NotificationMessage, RequestMessage, ResponseMessage } from '../domain/message.js'
import type { StreamRequest } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import type { Session } from '../domain/session.js'
import { methodRow } from '../wire/methods.js'
import { readMessage } from '../wire/message.js'
import type { BridgeParts } from './bridge-parts.js'
import { createLegacyClients, type LegacyClient } from './legacy-clients.js'
import { initializeResult } from './legacy-result.js'
import { createListening, promisedKinds } from './listening.js'
import { codes, comparableId, errorReply, errorText, resultReply } from './messages.js'
import { createModernRequests } from './modern-requests.js'
import { objectOf, stringOf, textAt } from './object-text.js'
import { carryThrough } from './rounds.js'
import { cardOf, mintSessionId, readSessionId, type SessionCard } from './session-card.js'

/** Legacy clients in front of a modern server. */
export interface LegacySide {
  /** Whether the session was begun here. */
  knows(session: Session | undefined): boolean
  send(call: Call, hangUp: HangUp): Promise<Reply>
  listen(stream: StreamRequest, hangUp: HangUp): Promise<Reply>
  answer(session: Session | undefined, text: Buffer): void
  end(session: Session | undefined): Reply
  close(): void
}

/** @param revision of the server */
export function createLegacySide(parts: BridgeParts, revision: () => Promise<string>): LegacySide {
  const clients = createLegacyClients(parts.limits.clients)
  const requests = createModernRequests(parts, revision)

  const initialize = async (call: Call, message: RequestMessage): Promise<Reply> => {
    const card = cardOf(objectOf(textAt(message.text.toString(), 'params')))
    const discovered = await requests.discover(call, card)
    if (discovered.type === 'error') return errorReply(message.id, discovered.error)
    const result = initializeResult(discovered.result, card.protocol, parts.upstream.name)
    const sessionId = mintSessionId(card, parts.newId())
    return resultReply(message.id, result, [['mcp-session-id', sessionId]])
  }

  const request = async (call: Call, message: RequestMessage, hangUp: HangUp): Promise<Reply> => {
    if (message.method === 'initialize') return initialize(call, message)
    const { client, card } = presented(call.session)
    switch (message.method) {
      case 'ping':
        return resultReply(message.id, '{}')
      case 'logging/setLevel':
        client.logLevel = stringOf(textAt(message.text.toString(), 'params', 'level'))
        return resultReply(message.id, '{}')
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return subscribe(client, message)
    }
    if (isForeign(message.method)) return noSuchMethod(message)
    await requests.learnTool(call, card)
    const toServer = await requests.translator(call, card, client.logLevel)
    return carryThrough({ client, card, message, server: call.server, toServer }, hangUp, parts)
  }

  const notification = async (
    call: Call,
    message: NotificationMessage,
    hangUp: HangUp,
  ): Promise<Reply> => {
    const { client, card } = presented(call.session)
    if (message.method === 'notifications/cancelled') {
      const id = textAt(message.text.toString(), 'params', 'requestId')
      if (id !== undefined) client.calls.get(comparableId(id))?.cancel()
    }
    // What a client of the legacy era notifies of has no meaning in the modern one; extensions may.
    if (methodRow(message.method) !== undefined) return emptyReply(202)
    const toServer = await requests.translator(call, card, undefined)
    return parts.upstream.send(toServer(message.text), hangUp)
  }

  /** The client that a request names, and what its session id says. @throws GatewayError */
  const presented = (session: Session | undefined): { client: LegacyClient; card: SessionCard } => {
    if (session === undefined) {
      throw new GatewayError('session_required', 'Mcp-Session-Id is missing: initialize first')
    }
    const card = readSessionId(session.upstreamId)
    if (card === undefined || clients.hasEnded(session)) {
      throw new GatewayError('session_not_found', 'Session not found')
    }
    return { client: clients.of(session), card }
  }

  const answered = (client: LegacyClient, message: ResponseMessage): void => {
    client.questions.get(comparableId(message.id))?.(message)
  }

  return {
    knows: (session) => session !== undefined && readSessionId(session.upstreamId) !== undefined,
    send: async (call, hangUp) => {
      const { message } = call
      switch (message.form) {
        case 'request':
          return request(call, message, hangUp)
        case 'notification':
          return notification(call, message, hangUp)
        case 'response':
          answered(presented(call.session).client, message)
          return emptyReply(202)
      }
    },
    listen: async (stream, hangUp) => {
      const { client, card } = presented(stream.session)
      const origin = requests.origin(stream)
      const discovered = await requests.discover(origin, card)
      const capabilities =
        discovered.type === 'error' ? undefined : textAt(discovered.result, 'capabilities')
      const listenCall = await requests.listener(origin, card)
      if (client.listening !== undefined) return alreadyOpen()
      const ended = (): void => {
        if (client.listening === listening) client.listening = undefined
      }
      const listening = createListening(
        { ...parts, kinds: promisedKinds(capabilities), listenCall, ended },
        hangUp,
      )
      client.listening = listening
      listening.watch(client.uris).catch(() => listening.end())
      return listening.reply
    },
    answer: (session, text) => {
      const message = readMessage(text)
      if (message.form === 'response') answered(presented(session).client, message)
    },
    end: (session) => {
      presented(session)
      const client = session === undefined ? undefined : clients.end(session)
      client?.listening?.end()
      for (const call of client?.calls.values() ?? []) call.cancel()
      return emptyReply(200)
    },
    close: () => {
      for (const { listening } of clients.all()) listening?.end()
    },
  }
}

/** They are said to the server anew with every change. */
const mostUris = 1_000

async function subscribe(client: LegacyClient, message: RequestMessage): Promise<Reply> {
  const uri = stringOf(textAt(message.text.toString(), 'params', 'uri'))
  if (uri === undefined) {
    return errorReply(message.id, { code: codes.invalidParams, message: '"params.uri" is missing' })
  }
  const before = new Set(client.uris)
  if (message.method === 'resources/subscribe' && before.size >= mostUris) {
    const said = `A session may have ${mostUris} subscriptions: end some`
    return errorReply(message.id, { code: codes.invalidParams, message: said })
  }
  if (message.method === 'resources/subscribe') client.uris.add(uri)
  else client.uris.delete(uri)
  const isChanged = before.size !== client.uris.size
  const refused = isChanged ? ((await client.listening?.watch(client.uris)) ?? []) : []
  if (!refused.includes(uri)) return resultReply(message.id, '{}')
  client.uris.delete(uri)
  const code = codes.invalidParams
  return errorReply(message.id, { code, message: 'The server does not tell of this resource' })
}

/** Methods that only the other era or the other direction has, and tasks, whose shapes differ. */
function isForeign(method: string): boolean {
  const row = methodRow(method)
  if (method.startsWith('tasks/')) return true
  return row !== undefined && (row.era === 'modern' || row.direction === 'to_client')
}

function noSuchMethod({ id, method }: RequestMessage): Reply {
  return errorReply(id, { code: codes.methodNotFound, message: `Method not found: ${method}` })
}

/** As servers of the legacy era answer: one stream a session. */
function alreadyOpen(): Reply {
  const error = { code: -32000, message: 'Conflict: this session has an open stream already' }
  return jsonReply(errorText('null', error), 409)
}
