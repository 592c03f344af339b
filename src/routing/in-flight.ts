import { hash } from 'node:crypto'
import type { Call } from '../domain/call.js'
import type { RequestMessage } from '../domain/message.js'
import { createRecent } from '../domain/recent.js'
import { membersAt } from '../wire/json-parts.js'
import { comparable } from './ids.js'

/** Which server was asked last under an id or a progress token of a session, as far as it is remembered. */
export interface InFlight {
  /** @param server `everyone` where several are asked the same */
  begin(call: Call, message: RequestMessage, server: string): void
  /** @param id as it is spelled */
  serverOf(call: Call, id: string): string | undefined
  /** @param token as it is spelled */
  serverOfToken(call: Call, token: string): string | undefined
}

/** No server is called so. */
export const everyone = ''

export function createInFlight(limit: number): InFlight {
  const servers = createRecent<string, string>(limit)
  return {
    begin: ({ session }, message, server) => {
      if (session === undefined) return
      servers.set(keyOf(session.id, 'id', message.id), server)
      const token = progressTokenOf(message)
      if (token !== undefined) servers.set(keyOf(session.id, 'token', token), server)
    },
    serverOf: ({ session }, id) =>
      session === undefined ? undefined : servers.get(keyOf(session.id, 'id', id)),
    serverOfToken: ({ session }, token) =>
      session === undefined ? undefined : servers.get(keyOf(session.id, 'token', token)),
  }
}

/** The token under which the client hears of the progress of its request, as it is spelled. */
export function progressTokenOf({ params, text }: RequestMessage): string | undefined {
  const meta = params?.members.get('_meta')
  if (meta?.shape !== 'object') return undefined
  const token = membersAt(text, meta.value).get('progressToken')
  return token === undefined ? undefined : text.toString('utf8', token.value.start, token.value.end)
}

/** Longest name that stands in a key as it is; of longer ones a digest does. */
const longestName = 100

function keyOf(session: string, kind: 'id' | 'token', spelled: string): string {
  const name = comparable(spelled)
  return `${session} ${kind} ${name.length > longestName ? hash('sha256', name) : name}`
}
