import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openEndpoint, startsSession } from './endpoint.js'
import { readBody, refusal, sendResponse, toRequest } from './exchange.js'
import { createSessions } from './sessions.js'
import type { Sessions } from './sessions.js'

export interface DemoServer {
  /** Where MCP is served, `/mcp` included. */
  readonly url: string
  close(): Promise<void>
}

/**
 * An MCP server to try the gateway with. A call without a session is answered with JSON, so that one request is
 * enough; `initialize` opens a session with event streams.
 */
export async function startDemoServer(
  options: { host?: string; port?: number } = {},
): Promise<DemoServer> {
  const host = options.host ?? '127.0.0.1'
  const sessions = createSessions({ now: Date.now })
  const server = createServer((request, response) => {
    void answer(request, sessions)
      .catch(() => refusal(500, -32603, 'The demo server failed to answer'))
      .then((answered) => sendResponse(response, answered))
  })
  await listen(server, options.port ?? 0, host)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/mcp`,
    close: async () => {
      await sessions.close()
      await shut(server)
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function answer(request: IncomingMessage, sessions: Sessions): Promise<Response> {
  if (request.url?.split('?', 1)[0] !== '/mcp') return refusal(404, -32600, 'MCP is served at /mcp')
  if (!isLocal(request.headers.origin)) {
    return refusal(403, -32600, 'Pages of other sites may not call this server')
  }
  const id = request.headers['mcp-session-id']
  const endpoint = typeof id === 'string' ? sessions.find(id) : undefined
  if (id !== undefined && !endpoint) return refusal(404, -32001, 'Session not found')
  if (!endpoint && request.method !== 'POST') {
    return refusal(405, -32600, 'Without a session only POST is served', { allow: 'POST' })
  }
  const body = await readBody(request)
  if (!body) return refusal(413, -32600, 'The request is larger than 4 MiB')
  if (endpoint) return endpoint.answer(toRequest(request, body, { answersJson: false }))
  return startsSession(body)
    ? answerNewSession(toRequest(request, body, { answersJson: false }), sessions)
    : answerSingle(toRequest(request, body, { answersJson: true }))
}

/** A page that rebinds its name to this address still says where it comes from. */
function isLocal(origin: string | undefined): boolean {
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(origin).hostname)
}

async function answerNewSession(request: Request, sessions: Sessions): Promise<Response> {
  const endpoint = await openEndpoint({
    type: 'session',
    opened: (id, opened) => sessions.add(id, opened),
    ended: (id) => sessions.remove(id),
  })
  return endpoint.answer(request)
}

async function answerSingle(request: Request): Promise<Response> {
  const endpoint = await openEndpoint({ type: 'single' })
  try {
    return await endpoint.answer(request)
  } finally {
    await endpoint.close()
  }
}
