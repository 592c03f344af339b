import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  InMemoryTaskMessageQueue,
  InMemoryTaskStore,
} from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

export interface TaskServer {
  readonly url: string
  close(): Promise<void>
}

/** A real MCP server whose tool `payroll` takes its time: a task of the legacy era, which asks its client meanwhile. */
export async function startTaskServer(): Promise<TaskServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const taskStore = new InMemoryTaskStore()

  const begin = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await createTaskServer(taskStore).connect(transport)
    return transport
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    await (known ?? (await begin())).handleRequest(request, response)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      for (const transport of sessions.values()) await transport.close()
      taskStore.cleanup()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function createTaskServer(taskStore: InMemoryTaskStore): McpServer {
  const mcp = new McpServer(
    { name: 'payroll', version: '1.0.0' },
    {
      capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
      taskStore,
      taskMessageQueue: new InMemoryTaskMessageQueue(),
      defaultTaskPollInterval: 10,
    },
  )
  mcp.experimental.tasks.registerToolTask(
    'payroll',
    { inputSchema: { asks: z.boolean() }, execution: { taskSupport: 'required' } },
    {
      createTask: async ({ asks }, extra) => {
        const task = await extra.taskStore.createTask({ pollInterval: 10 })
        const ask = async (): Promise<string> => {
          const relatedTask = { taskId: task.taskId }
          const asked = mcp.server.request(question, ElicitResultSchema, { relatedTask })
          // Clients fetch what waits for them when they hear this.
          await extra.taskStore.updateTaskStatus(task.taskId, 'input_required')
          return (await asked).action
        }
        void (asks ? ask().catch(String) : Promise.resolve('nothing')).then((text) =>
          extra.taskStore.storeTaskResult(task.taskId, 'completed', {
            content: [{ type: 'text', text }],
            structuredContent: { ssn: '1' },
          }),
        )
        return { task }
      },
      getTask: (_args, extra) => extra.taskStore.getTask(extra.taskId),
      getTaskResult: async (_args, extra) => ({
        content: [],
        ...(await extra.taskStore.getTaskResult(extra.taskId)),
      }),
    },
  )
  return mcp
}

const question = {
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message: 'Really?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
  },
} as const
