// The control: a proxy without any policy, as plainly as a competent engineer would write it with Fastify and undici.
// It parses the request, as any gateway for MCP has to, and forwards the bytes both ways.
//   node bench/control-proxy.mjs UPSTREAM_URL
import { fastify } from 'fastify'
import { Pool } from 'undici'

const upstream = new URL(process.argv[2])
const pool = new Pool(upstream.origin, { connections: 128 })
const forwarded = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-session-id']

const app = fastify({ bodyLimit: 4 * 2 ** 20, exposeHeadRoutes: false })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/mcp', async (request, reply) => {
  const message = JSON.parse(request.body)
  if (message.jsonrpc !== '2.0') return reply.code(400).send()
  const names = forwarded.filter((name) => request.headers[name] !== undefined)
  const answer = await pool.request({
    method: 'POST',
    path: upstream.pathname,
    headers: Object.fromEntries(names.map((name) => [name, request.headers[name]])),
    body: request.body,
  })
  reply.code(answer.statusCode)
  for (const name of ['content-type', 'content-length', 'mcp-session-id']) {
    if (answer.headers[name] !== undefined) reply.header(name, answer.headers[name])
  }
  return reply.send(answer.body)
})
process.on('SIGTERM', () => process.exit(0))

console.error(`control: MCP on ${await app.listen({ host: '127.0.0.1', port: 0 })}/mcp`)
