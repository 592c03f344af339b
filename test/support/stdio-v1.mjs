import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { untilAborted } from './stdio-until-aborted.mjs'

// A real server on the first SDK, which knows the legacy era only.
const server = new McpServer({ name: 'v1', version: '1.0.0' }, { capabilities: { logging: {} } })
const says = (text) => ({ content: [{ type: 'text', text }] })

server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => says(text))
server.registerTool('count', { inputSchema: { to: z.number() } }, async ({ to }, extra) => {
  const progressToken = extra._meta?.progressToken
  for (let progress = 1; progressToken !== undefined && progress <= to; progress += 1) {
    const params = { progressToken, progress, total: to }
    await extra.sendNotification({ method: 'notifications/progress', params })
  }
  return says(`Counted to ${to}`)
})
server.registerTool('ask', {}, async (extra) => {
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } }
  const params = { message: 'Who are you?', requestedSchema }
  const answer = await extra.sendRequest(
    { method: 'elicitation/create', params },
    ElicitResultSchema,
  )
  return says(`${answer.action} ${answer.content?.name}`)
})
server.registerTool('wait', {}, (extra) => untilAborted(extra.signal))
server.registerTool('grow', {}, async () => {
  server.registerTool('grown', {}, () => says('grown'))
  return says('grown')
})

await server.connect(new StdioServerTransport())
