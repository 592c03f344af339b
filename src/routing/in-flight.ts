import type { Call } from '../domain/call.js'
import { createRecent } from '../domain/recent.js'

/** Which server was asked last under an id of a session, as far as it is remembered. */
export interface InFlight {
  begin(call: Call, id: string, server: string): void
  /** @param id as it is spelled */
  serverOf(call: Call, id: string): string | undefined
}

export function createInFlight(limit: number): InFlight {
  const servers = createRecent<string, string>(limit)
  return {
    begin: ({ session }, id, server) => {
      if (session !== undefined && id.length <= longestId)
        servers.set(`${session.id} ${id}`, server)
    },
    serverOf: ({ session }, id) =>
      session === undefined ? undefined : servers.get(`${session.id} ${id}`),
  }
}

/** No honest id is longer, and a longer one is cancelled everywhere. */
const longestId = 100
