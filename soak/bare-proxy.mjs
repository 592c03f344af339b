// The control for streams: what comes is piped on, and nothing else is done.
//   node soak/bare-proxy.mjs UPSTREAM_URL
import { createServer, request as forward } from 'node:http'
import { once } from 'node:events'
import console from 'node:console'
import process from 'node:process'
import { URL } from 'node:url'

const upstream = new URL(process.argv[2])
const server = createServer((request, response) => {
  const { method, headers } = request
  const sent = forward(upstream, { method, headers, agent: false }, (reply) => {
    response.writeHead(reply.statusCode, reply.headers)
    response.flushHeaders()
    reply.pipe(response)
  })
  sent.once('error', () => response.destroy())
  response.once('close', () => sent.destroy())
  request.pipe(sent)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
console.log(`http://127.0.0.1:${server.address().port}/mcp`)
process.on('SIGTERM', () => process.exit(0))
