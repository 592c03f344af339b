import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { says } from './samples.mjs'

const pauseMs = 20

/** Tools that say something before their result: progress, log lines, changes. */
export function addReportTools(server, changes) {
  addProgress(server)
  addLogging(server)
  addReconnection(server)
  addChanges(server, changes)
}

function addProgress(server) {
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Reports progress three times' },
    async ({ mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100 }
          await mcpReq.notify({ method: 'notifications/progress', params })
        }
        await pause(pauseMs)
      }
      return says('Done')
    },
  )
}

function addLogging(server) {
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Logs three lines' },
    async ({ mcpReq }) => {
      for (const line of ['started', 'working', 'completed']) {
        await mcpReq.log('info', line)
        await pause(pauseMs)
      }
      return says('Logged')
    },
  )
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs one line of each level' },
    async ({ mcpReq }) => {
      for (const level of ['debug', 'info', 'error']) await mcpReq.log(level, `a line of ${level}`)
      return says('Logged')
    },
  )
}

function addReconnection(server) {
  server.registerTool(
    'test_reconnection',
    { description: 'Ends its stream before its result, which waits for whoever comes back' },
    async ({ http }) => {
      http?.closeSSE?.()
      await pause(pauseMs)
      return says('The rest came later')
    },
  )
}

function addChanges(server, changes) {
  server.registerTool(
    'test_trigger_tool_change',
    { description: 'Says that the tools have changed' },
    async () => {
      await changes.toolsChanged()
      return says('Said so')
    },
  )
  server.registerTool(
    'test_trigger_prompt_change',
    { description: 'Says that the prompts have changed' },
    async () => {
      await changes.promptsChanged()
      return says('Said so')
    },
  )
  server.registerTool(
    'touch_resource',
    {
      description: 'Says to who watches a resource that it has changed',
      inputSchema: z.object({ uri: z.string() }),
    },
    async ({ uri }) => {
      await changes.resourceUpdated(uri)
      return says('Said so')
    },
  )
}
