// A server with event streams, and a word that all of them get: POST /broadcast. Prints its address.
import { createServer } from 'node:http'
import { once } from 'node:events'
import console from 'node:console'
import process from 'node:process'

const streams = new Set()
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': open\n\n')
    streams.add(response)
    response.once('close', () => streams.delete(response))
    return
  }
  request.resume().once('end', () => {
    if (request.url === '/broadcast') {
      for (const stream of streams) stream.write(`data: ${word}\n\n`)
      response.end(String(streams.size))
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"jsonrpc":"2.0","id":1,"result":{}}')
  })
})
const word = '{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}'
server.keepAliveTimeout = 0
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
console.log(`http://127.0.0.1:${server.address().port}`)
process.on('SIGTERM', () => process.exit(0))
