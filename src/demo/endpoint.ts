import { randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  isInitializeRequest,
} from '@modelcontextprotocol/sdk/types.js'
import { employees } from './employees.js'
import { prompts } from './prompts.js'
import { readResource, resourceTemplates, resources } from './resources.js'
import { tools } from './tools.js'

/** One MCP server with its transport: of one session, or of a single exchange. */
export interface Endpoint {
  answer(request: Request): Promise<Response>
  close(): Promise<void>
}

export type EndpointKind =
  | { readonly type: 'single' }
  | {
      readonly type: 'session'
      readonly opened: (id: string, endpoint: Endpoint) => void
      readonly ended: (id: string) => void
    }

export async function openEndpoint(kind: EndpointKind): Promise<Endpoint> {
  const server = createMcpServer()
  const transport = new WebStandardStreamableHTTPServerTransport(
    kind.type === 'single'
      ? { enableJsonResponse: true }
      : {
          sessionIdGenerator: randomUUID,
          onsessioninitialized: (id) => kind.opened(id, endpoint),
          onsessionclosed: kind.ended,
        },
  )
  const endpoint: Endpoint = {
    answer: (request) => transport.handleRequest(request),
    close: () => server.close(),
  }
  await server.connect(transport)
  return endpoint
}

export function startsSession(body: Buffer): boolean {
  try {
    return isInitializeRequest(JSON.parse(body.toString()))
  } catch {
    return false // the transport says what is wrong with it
  }
}

function createMcpServer(): McpServer {
  const mcp = new McpServer(
    { name: 'portcullis-demo', version: '1.0.0' },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      jsonSchemaValidator,
      instructions: 'A server to try policies with. Everything that it says is made up.',
    },
  )
  serveTools(mcp)
  serveResources(mcp)
  servePrompts(mcp)
  return mcp
}

function serveTools({ server }: McpServer): void {
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ listing }) => listing),
  }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { sendNotification, signal }) => {
    const tool = tools.find(({ listing }) => listing.name === params.name)
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    const progressToken = params._meta?.progressToken
    return tool.run(params.arguments ?? {}, {
      signal,
      report: async (progress, total) => {
        if (progressToken === undefined) return
        const notice = { progressToken, progress, total }
        await sendNotification({ method: 'notifications/progress', params: notice })
      },
    })
  })
}

function serveResources({ server }: McpServer): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [...resources] }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [...resourceTemplates],
  }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    const contents = readResource(params.uri)
    if (!contents) throw new McpError(-32002, 'Resource not found', { uri: params.uri })
    return { contents: [contents] }
  })
}

function servePrompts({ server }: McpServer): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: prompts.map(({ listing }) => listing),
  }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const prompt = prompts.find(({ listing }) => listing.name === params.name)
    if (!prompt) throw new McpError(ErrorCode.InvalidParams, `Unknown prompt: ${params.name}`)
    const text = prompt.write(params.arguments ?? {})
    return { messages: [{ role: 'user', content: { type: 'text', text } }] }
  })
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
    const known = params.argument.name === 'id' ? [...employees.keys()] : ['Ada', 'Grace', 'Linus']
    const values = known.filter((value) => value.startsWith(params.argument.value))
    return { completion: { values, total: values.length, hasMore: false } }
  })
}

// It would check the forms that clients fill in. This server sends none, and to build the usual one for each call
// takes longer than the call.
const jsonSchemaValidator = {
  getValidator: () => {
    throw new Error('The demo server sends no forms')
  },
}
