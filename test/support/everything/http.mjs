// An MCP server of both eras over Streamable HTTP:
//   node test/support/everything/http.mjs [--port N]
// Its first line on stdout is its URL.
import console from 'node:console'
import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import {
  localhostHostValidation,
  localhostOriginValidation,
  toWebRequest,
} from '@modelcontextprotocol/node'
import {
  InMemoryServerEventBus,
  createMcpHandler,
  isLegacyRequest,
} from '@modelcontextprotocol/server'
import { createEverything } from './server.mjs'
import { createSessions } from './sessions.mjs'

const { AbortController } = globalThis

/**
 * Serves MCP on a port of the loopback interface, a free one unless `port` says which.
 * @param {{ port?: number }} options
 */
export function startEverything({ port = 0 } = {}) {
  const bus = new InMemoryServerEventBus()
  return serveBothEras(createEverything({ bus }), { port, bus })
}

/**
 * The same for servers of another factory.
 * @param {import('@modelcontextprotocol/server').McpServerFactory} factory
 * @param {{ port?: number, bus?: import('@modelcontextprotocol/server').ServerEventBus }} options
 */
export async function serveBothEras(
  factory,
  { port = 0, bus = new InMemoryServerEventBus() } = {},
) {
  const modern = createMcpHandler(factory, { legacy: 'reject', bus })
  const legacy = createSessions(factory)
  const isLocalHost = localhostHostValidation()
  const isLocalOrigin = localhostOriginValidation()

  const server = createServer((request, response) => {
    if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return
    answer(request, response).catch((error) => response.destroy(error))
  })

  async function answer(incoming, outgoing) {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = await toWebRequest(incoming, undefined, { signal: gone.signal })
    const era = (await isLegacyRequest(request)) ? legacy : modern
    const { status, headers, body } = await era.fetch(request)
    outgoing.writeHead(status, Object.fromEntries(headers))
    // Node holds headers back until there is a body, and a stream may have no event for a long time.
    outgoing.flushHeaders()
    if (body === null) outgoing.end()
    else await pipeline(Readable.fromWeb(body), outgoing)
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    async close() {
      await legacy.close()
      await modern.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
  const everything = await startEverything({ port: Number(values.port) })
  console.log(everything.url)
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void everything.close().then(() => process.exit(0)))
  }
}
