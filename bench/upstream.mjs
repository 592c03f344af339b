// A small MCP server (Streamable HTTP, JSON answers): the other end of the end-to-end benchmarks.
//   node bench/upstream.mjs [--port N]
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { answerTo } from './answer.mjs'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => respond(request, Buffer.concat(chunks), response))
})
// Longer than any round, so that no connection ends under a measurement.
server.keepAliveTimeout = 600_000
server.listen(Number(values.port), '127.0.0.1', () => {
  console.error(`upstream: MCP on http://127.0.0.1:${server.address().port}/mcp`)
})
process.on('SIGTERM', () => process.exit(0))

function respond(request, body, response) {
  if (request.method !== 'POST') return response.writeHead(405).end()
  const { id, method, params } = JSON.parse(body)
  if (id === undefined) return response.writeHead(202).end()
  const text = JSON.stringify({ jsonrpc: '2.0', id, result: resultOf(method, params) })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  response.writeHead(200, headers).end(text)
}

function resultOf(method, params) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'bench-upstream', version: '1' },
      }
    case 'tools/list':
      return { tools: [{ name: 'weather.get', inputSchema: { type: 'object' } }] }
    case 'tools/call':
      return { content: [{ type: 'text', text: answerTo(params.arguments) }] }
    default:
      return {}
  }
}
