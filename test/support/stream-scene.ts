import {
  createEventServer,
  readEvents,
  type EventReader,
  type EventServer,
} from './event-server.js'
import { mcpHeaders, toolCall, type TestGateway } from './gateway.js'
import { startGoverned } from './governed.js'

/** A gateway with a policy in front of a server whose streams the test writes, and a client in a session. */
export interface Scene {
  readonly gateway: TestGateway
  /** Makes a call; gives what the server writes and what the client reads. */
  readonly call: (headers?: Record<string, string>) => Promise<Ends>
  readonly listen: (headers?: Record<string, string>) => Promise<Ends>
  /** Sends the client's answer to a request of the server. */
  readonly reply: (text: string, headers?: Record<string, string>) => Promise<Response>
  readonly answered: EventServer['answered']
  /** The next stream of a call that the test makes itself. */
  readonly stream: EventServer['stream']
  close(): Promise<void>
}

/** The two ends of a stream. */
export interface Ends {
  readonly send: (text: string) => void
  readonly end: () => void
  readonly breakOff: () => void
  readonly client: EventReader
}

export async function openScene(
  env: Record<string, string> = {},
  policy?: string,
  upstreamHeaders: Record<string, string> = {},
): Promise<Scene> {
  const server = createEventServer(upstreamHeaders)
  const governed = await startGoverned(server.answer, env, policy)
  const { gateway } = governed
  const clients: EventReader[] = []
  const ends = async (asked: Promise<Response>): Promise<Ends> => {
    const [stream, reply] = await Promise.all([server.stream(), asked])
    const client = readEvents(reply)
    clients.push(client)
    return {
      client,
      send: (text) => void stream.write(text),
      end: () => void stream.end(),
      breakOff: () => void stream.destroy(),
    }
  }
  return {
    gateway,
    answered: server.answered,
    stream: server.stream,
    call: (headers = {}) => ends(gateway.post(toolCall('slow'), { ...session, ...headers })),
    listen: (headers = {}) =>
      ends(
        fetch(gateway.mcpUrl, {
          headers: { accept: 'text/event-stream', ...session, ...headers },
        }),
      ),
    reply: (text, headers = {}) =>
      fetch(gateway.mcpUrl, {
        method: 'POST',
        body: text,
        headers: { ...mcpHeaders, ...session, ...headers },
      }),
    close: async () => {
      for (const client of clients) await client.cancel().catch(() => undefined)
      await governed.close()
    },
  }
}

export const session = { 'mcp-session-id': 's-1' }

export const note = (data: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${data}}}`

export const elicitation =
  '{"jsonrpc":"2.0","id":"e1","method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"type":"object","properties":{}}}}'
