import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

/** A real MCP server with sessions, event streams that can be resumed, and requests of its own. */
export interface EverythingServer {
  readonly url: string
  close(): Promise<void>
}

export async function startEverythingServer(): Promise<EverythingServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()

  const begin = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 10,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await createMcpServer().connect(transport)
    return transport
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (id !== undefined && known === undefined) response.writeHead(404).end()
    else await (known ?? (await begin())).handleRequest(request, response)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      for (const transport of sessions.values()) await transport.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

const form = {
  message: 'What is your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
} as const

const prompt = {
  messages: [{ role: 'user', content: { type: 'text', text: 'Say hello' } }],
  maxTokens: 10,
} as const

function createMcpServer(): McpServer {
  const mcp = new McpServer(
    { name: 'everything', version: '1.0.0' },
    { capabilities: { logging: {} } },
  )

  mcp.registerTool(
    'echo',
    { inputSchema: { text: z.string(), poison: z.boolean().optional() } },
    ({ text }) => says(text),
  )
  mcp.registerTool('count', { inputSchema: { to: z.number() } }, async ({ to }, extra) => {
    const progressToken = extra._meta?.progressToken
    for (let progress = 1; progressToken !== undefined && progress <= to; progress += 1) {
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: to },
      })
    }
    return says(`Counted to ${to}`)
  })
  mcp.registerTool('log', {}, async (extra) => {
    await extra.sendNotification({
      method: 'notifications/message',
      params: { level: 'info', data: 'logged' },
    })
    return says('Logged')
  })
  mcp.registerTool('elicit', {}, async (extra) => {
    const { action } = await extra.sendRequest(
      { method: 'elicitation/create', params: form },
      ElicitResultSchema,
    )
    return says(action)
  })
  // Without a related request it goes out on the stream that the client listens on.
  mcp.registerTool('elicit-aside', {}, async () =>
    says((await mcp.server.elicitInput(form)).action),
  )
  mcp.registerTool('sample', {}, async (extra) => {
    const { model } = await extra.sendRequest(
      { method: 'sampling/createMessage', params: { ...prompt, messages: [...prompt.messages] } },
      CreateMessageResultSchema,
    )
    return says(model)
  })
  mcp.registerTool('interrupt', {}, (extra) => {
    extra.closeSSEStream?.()
    return says('The rest came later')
  })
  mcp.registerResource('hosts', 'file:///etc/hosts', {}, ({ href }) => ({
    contents: [{ uri: href, text: '127.0.0.1 localhost' }],
  }))
  mcp.registerPrompt('greet', { argsSchema: { who: z.string() } }, ({ who }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${who}` } }],
  }))
  return mcp
}

function says(text: string) {
  return { content: [{ type: 'text' as const, text }] }
}

function createEventStore() {
  const events: { id: string; stream: string; message: JSONRPCMessage }[] = []
  return {
    storeEvent: (stream: string, message: JSONRPCMessage) => {
      const id = `${stream}_${events.length}`
      events.push({ id, stream, message })
      return Promise.resolve(id)
    },
    replayEventsAfter: async (
      lastId: string,
      { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
    ) => {
      const last = events.findIndex(({ id }) => id === lastId)
      const stream = events[last]?.stream ?? ''
      for (const event of events.slice(last + 1)) {
        if (event.stream === stream) await send(event.id, event.message)
      }
      return stream
    },
  }
}
