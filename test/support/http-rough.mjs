import { createServer } from 'node:http'
import process from 'node:process'
import { buffer } from 'node:stream/consumers'

// A server over HTTP in a process of its own, to be killed. It says its address on stdout, and there too when a call hangs.
const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end()
  const { id, method, params } = JSON.parse((await buffer(request)).toString())
  if (id === undefined) return response.writeHead(202).end()
  const answer = (result) => {
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'h-1' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
  if (method === 'initialize') {
    const { protocolVersion } = params
    const serverInfo = { name: 'rough-http', version: '1' }
    return answer({ protocolVersion, capabilities: { tools: {} }, serverInfo })
  }
  if (method === 'tools/list') {
    return answer({ tools: [{ name: 'hang', inputSchema: { type: 'object' } }] })
  }
  if (method !== 'tools/call') {
    response.writeHead(400, { 'content-type': 'application/json' })
    return response.end(
      JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'No' } }),
    )
  }
  const { name, arguments: args = {}, _meta: meta = {} } = params
  if (name === 'echo') return answer({ content: [{ type: 'text', text: args.text }] })
  if (args.streaming) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const progress = { progressToken: meta.progressToken, progress: 1, message: 'begun' }
    const note = { jsonrpc: '2.0', method: 'notifications/progress', params: progress }
    response.write(`event: message\ndata: ${JSON.stringify(note)}\n\n`)
  }
  return process.stdout.write('hanging\n')
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/mcp\n`)
})
