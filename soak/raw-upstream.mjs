import { createServer } from 'node:http'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'

/** A server that hands over what it got, bytes as they came, and answers with what it is given. */
export async function startRawUpstream(answer) {
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      const { status = 200, text } = await answer(body, request.headers)
      const headers = text === undefined ? {} : { 'content-type': 'application/json' }
      response.writeHead(status, headers).end(text)
    })
  })
  // Longer than the soak, so that no connection ends because it was idle.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/mcp`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
