import { expect } from 'vitest'
import { mcpHeaders, type TestGateway } from '../support/gateway.js'
import { readEvents, type EventReader } from '../support/event-server.js'

/** A client in a session of the legacy era, message by message. */
export interface Caller {
  readonly session: string
  /** What `initialize` said. */
  readonly introduced: Json
  /** Asks, and gives the JSON of the answer. */
  readonly ask: (method: string, params?: object, id?: unknown) => Promise<Json>
  readonly post: (message: object | string, headers?: Record<string, string>) => Promise<Response>
  listen(headers?: Record<string, string>): Promise<{ reply: Response; events: EventReader }>
  end(): Promise<Response>
}

export type Json = Record<string, unknown> & { result?: Json; error?: { code: number } & Json }

export async function beginSession(
  gateway: Pick<TestGateway, 'mcpUrl'>,
  protocolVersion = '2025-11-25',
): Promise<Caller> {
  const opening = await send(gateway.mcpUrl, {
    jsonrpc: '2.0',
    id: 'init',
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  })
  expect(opening.status).toBe(200)
  const introduced = ((await opening.json()) as Json).result ?? {}
  const session = opening.headers.get('mcp-session-id') ?? ''
  const caller = callerIn(gateway, session, introduced)
  const done = await caller.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
  expect(done.status).toBe(202)
  return caller
}

export function callerIn(
  { mcpUrl }: Pick<TestGateway, 'mcpUrl'>,
  session: string,
  introduced: Json = {},
): Caller {
  const own = { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  return {
    session,
    introduced,
    ask: async (method, params = {}, id = 1) =>
      (await (await send(mcpUrl, { jsonrpc: '2.0', id, method, params }, own)).json()) as Json,
    post: (message, headers = {}) => send(mcpUrl, message, { ...own, ...headers }),
    listen: async (headers = {}) => {
      const reply = await fetch(mcpUrl, {
        headers: { accept: 'text/event-stream', ...own, ...headers },
      })
      return { reply, events: readEvents(reply) }
    },
    end: () => fetch(mcpUrl, { method: 'DELETE', headers: own }),
  }
}

export function send(
  url: string,
  message: object | string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = typeof message === 'string' ? message : JSON.stringify(message)
  return fetch(url, { method: 'POST', body, headers: { ...mcpHeaders, ...headers } })
}
