import { once } from 'node:events'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { toWebRequest } from '@modelcontextprotocol/node'
import { InMemoryServerEventBus, createMcpHandler } from '@modelcontextprotocol/server'
import { createEverything } from '../support/everything/server.mjs'
import { createSessions } from '../support/everything/sessions.mjs'

const { AbortController } = globalThis

/** The everything server without its legacy half. */
export function startModernOnly() {
  const bus = new InMemoryServerEventBus()
  return serve(createMcpHandler(createEverything({ bus }), { legacy: 'reject', bus }))
}

/** The everything server without its modern half. */
export function startLegacyOnly() {
  return serve(createSessions(createEverything()))
}

async function serve(handler) {
  const received = []
  const server = createServer((incoming, outgoing) => {
    received.push({ method: incoming.method, headers: incoming.headers })
    answer(incoming, outgoing).catch((error) => outgoing.destroy(error))
  })

  async function answer(incoming, outgoing) {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = await toWebRequest(incoming, undefined, { signal: gone.signal })
    const { status, headers, body } = await handler.fetch(request)
    outgoing.writeHead(status, Object.fromEntries(headers))
    outgoing.flushHeaders()
    if (body === null) outgoing.end()
    else await pipeline(Readable.fromWeb(body), outgoing)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    received,
    async close() {
      await handler.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
