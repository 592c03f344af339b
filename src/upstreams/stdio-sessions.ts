import { randomBytes } from 'node:crypto'
import type { Call } from '../domain/call.js'
import type { HangUp } from '../domain/hang-up.js'
import { jsonReply } from '../domain/local-reply.js'
import type { Reply } from '../domain/reply.js'
import type { Session } from '../domain/session.js'
import { readMessage } from '../wire/message.js'
import type { Connection } from './stdio-connection.js'
import { notReached } from './stdio-failures.js'

/** The sessions of the legacy era at one upstream: each has a child of its own, and ends with it. */
export interface StdioSessions {
  /**
   * Starts a child for an `initialize`. The reply names the session where the child took it; else the child ends.
   * @throws GatewayError `upstream_unavailable`, `upstream_timeout`, `upstream_invalid`
   */
  begin(call: Call, hangUp: HangUp): Promise<Reply>
  /** Undefined where there is none, or none any more. */
  find(session: Session): Connection | undefined
  close(): Promise<void>
}

export interface StdioSessionsParts {
  /** Names this process in the ids of its sessions, so that whoever balances load can send their requests here. */
  readonly replica: string
  /** How long a session may go without a message while nobody listens, milliseconds. */
  readonly idleMs: number
  readonly maxSessions: number
  /** @throws GatewayError `upstream_unavailable` */
  readonly connect: () => Connection
}

export function createStdioSessions(parts: StdioSessionsParts): StdioSessions {
  const { replica, idleMs, maxSessions, connect } = parts
  const open = new Map<string, Connection>()

  const add = (id: string, connection: Connection): void => {
    open.set(id, connection)
    const stopWatching = watchIdleness(connection, idleMs)
    void connection.ended.then(() => {
      stopWatching()
      open.delete(id)
    })
  }

  return {
    async begin(call, hangUp) {
      if (open.size >= maxSessions) {
        throw notReached(`The server has ${maxSessions} sessions already: end some, or allow more`)
      }
      const connection = connect()
      const id = `${replica}~${randomBytes(24).toString('base64url')}`
      add(id, connection)
      try {
        return await named(await connection.send(call, hangUp), id, connection)
      } catch (thrown) {
        void connection.close()
        throw thrown
      }
    },
    find({ upstreamId }) {
      const connection = open.get(upstreamId)
      return connection?.isOpen === true ? connection : undefined
    },
    async close() {
      await Promise.all([...open.values()].map((connection) => connection.close()))
    },
  }
}

/** The reply to `initialize` with the id of the session, where there is one now. */
async function named(reply: Reply, id: string, connection: Connection): Promise<Reply> {
  const header = ['mcp-session-id', id] as const
  // The answer stands in the stream, and the headers go first.
  if (reply.form !== 'json') return { ...reply, headers: [...reply.headers, header] }
  const text = (await reply.body.collect(Infinity)) ?? Buffer.alloc(0)
  const message = readMessage(text)
  if (message.form === 'response' && message.outcome.type === 'result') {
    return jsonReply(text, reply.status, [header])
  }
  void connection.close()
  return jsonReply(text, reply.status)
}

/** Ends a connection on which nothing happens, and gives what stops watching it. */
function watchIdleness(connection: Connection, idleMs: number): () => void {
  const check = (): void => {
    const leftMs = idleMs - connection.idleMs
    if (leftMs <= 0) void connection.close()
    else timer = setTimeout(check, leftMs).unref()
  }
  let timer = setTimeout(check, idleMs).unref()
  return () => clearTimeout(timer)
}
