import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'
import { untilAborted } from './stdio-until-aborted.mjs'

// A real server on the second SDK, which speaks both eras.
serveStdio(() => {
  const server = new McpServer({ name: 'v2', version: '1.0.0' }, { capabilities: { tools: {} } })
  const says = (text) => ({ content: [{ type: 'text', text }] })
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) =>
    says(text),
  )
  server.registerTool('wait', { inputSchema: z.object({}) }, (_args, ctx) =>
    untilAborted(ctx.mcpReq.signal),
  )
  server.registerTool('grow', { inputSchema: z.object({}) }, () => {
    server.registerTool('grown', { inputSchema: z.object({}) }, () => says('grown'))
    return says('growing')
  })
  return server
})
