import type { Call } from '../domain/call.js'
import type { Era } from '../domain/era.js'
import type { HangUp } from '../domain/hang-up.js'
import { emptyReply } from '../domain/local-reply.js'
import type { Message } from '../domain/message.js'
import type { ProbedUpstream, StreamRequest } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { readEnvelope } from '../wire/envelope.js'
import { methodRow } from '../wire/methods.js'
import { readProtocolVersion } from '../wire/operation.js'
import { type Asked, isAsked } from './stdio-asked.js'
import { createChildren } from './stdio-children.js'
import type { Connection } from './stdio-connection.js'
import { unavailable } from './stdio-failures.js'
import { createConnect, defaultLimits, type StdioOptions } from './stdio-options.js'
import { configuredEra, createProbe } from './stdio-probe.js'
import { replies } from './stdio-replies.js'
import { createStdioSessions } from './stdio-sessions.js'
import { createSharedChild } from './stdio-shared.js'

export interface StdioUpstreamOptions extends StdioOptions {
  /** Names this process in the ids of its sessions: visible ASCII. */
  readonly replica: string
  /** What the server speaks; it is asked where this is not given. */
  readonly era?: Era | undefined
  /** The gateway's own version, which a server is told when it is asked what it speaks. */
  readonly version?: string
}

/**
 * An MCP server that is started here and speaks over stdio, presented as a Streamable HTTP server: in the legacy era a
 * child a session, in the modern era one child for all.
 */
export function createStdioUpstream(options: StdioUpstreamOptions): ProbedUpstream {
  const { name, replica } = options
  const limits = { ...defaultLimits, ...options.limits }
  const children = createChildren({ ...options, graceMs: limits.graceMs })
  const connect = createConnect(options, limits, children)
  const shared = createSharedChild(() => connect('many'))
  const sessions = createStdioSessions({ ...limits, replica, connect: () => connect('one') })
  const probe =
    options.era === undefined
      ? createProbe({
          command: options.command,
          timeoutMs: limits.probeMs,
          clientInfo: { name: 'portcullis', version: options.version ?? '' },
          start: children.start,
        })
      : configuredEra(options.era)

  const sendModern = async (call: Call, hangUp: HangUp): Promise<Reply> => {
    const { legacy, modern } = await probe.eras()
    // Servers of the older era carry out calls that they do not understand, so none may reach them.
    if (modern.length === 0) return replies.onlyLegacy(call.protocol, legacy)
    if (mayReachShared(call.message)) return shared.current().send(call, hangUp)
    return isAsked(call) ? replies.methodNotFound(call.message.id) : emptyReply(202)
  }

  const begin = (asked: Asked, hangUp: HangUp): Promise<Reply> | Reply => {
    const { message, session } = asked
    if (session !== undefined) {
      return sessions.find(session) ? replies.alreadyInitialized() : replies.sessionNotFound()
    }
    if (probe.known?.legacy.length !== 0) return sessions.begin(asked, hangUp)
    return replies.onlyModern(message.id, readProtocolVersion(message) ?? '', probe.known.modern)
  }

  const inSession = async (
    { session }: Pick<StreamRequest, 'session'>,
    withoutSession: () => Reply,
    ask: (connection: Connection) => Reply | Promise<Reply>,
  ): Promise<Reply> => {
    if (session === undefined) return withoutSession()
    const connection = sessions.find(session)
    return connection === undefined ? replies.sessionNotFound() : await ask(connection)
  }

  return {
    name,
    async send(call, hangUp) {
      if (call.era === 'modern') return sendModern(call, hangUp)
      if (isAsked(call) && call.message.method === 'initialize') return begin(call, hangUp)
      return inSession(call, replies.sessionRequired, (connection) => connection.send(call, hangUp))
    },
    listen: (stream, hangUp) =>
      inSession(stream, replies.methodNotAllowed, (connection) => connection.listen(hangUp)),
    end: (stream) =>
      inSession(stream, replies.sessionRequired, (connection) => {
        void connection.close()
        return emptyReply(200)
      }),
    answer: ({ session }, text) =>
      new Promise((resolve) => {
        const connection = session && sessions.find(session)
        if (connection === undefined) throw unavailable('The session has ended')
        connection.answer(text)
        resolve()
      }),
    eras: probe.eras,
    async close() {
      await Promise.all([shared.close(), sessions.close(), children.close()])
    },
  }
}

/**
 * Whether a message may reach a child that many share. Those of the handshake era are about a session: one of them could
 * make the child settle on that era, or change for all what one client asked for.
 */
function mayReachShared(message: Message): boolean {
  if (message.form === 'response' || methodRow(message.method)?.era === 'legacy') return false
  // A request without all that the modern era asks is refused by the server; a notification is not.
  return message.form === 'request' || readEnvelope(message).type === 'valid'
}
