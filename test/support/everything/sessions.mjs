import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { createEventStore } from './event-store.mjs'

const { Response } = globalThis
const retryMs = 50

/** The legacy era over HTTP: a server a session, and streams that can be resumed. */
export function createSessions(factory) {
  const transports = new Map()

  async function begin() {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: retryMs,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    })
    const server = await factory({ era: 'legacy' })
    await server.connect(transport)
    return transport
  }

  return {
    /** @param {Request} request @returns {Promise<globalThis.Response>} */
    async fetch(request) {
      const id = request.headers.get('mcp-session-id')
      if (id === null) return (await begin()).handleRequest(request)
      return transports.get(id)?.handleRequest(request) ?? notFound()
    },
    async close() {
      for (const transport of transports.values()) await transport.close()
    },
  }
}

function notFound() {
  const error = { code: -32001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 })
}
