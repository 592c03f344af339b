import { McpServer, fromJsonSchema } from '@modelcontextprotocol/server'
import { serveBothEras } from './everything/http.mjs'

/** A real MCP server of both eras whose tools have output schemas, and hand out what not everybody may see. */
export interface RecordsServer {
  readonly url: string
  /** Ids of the records that were really deleted. */
  readonly deleted: readonly string[]
  close(): Promise<void>
}

export const record = {
  name: 'Ada',
  salary: 120_000,
  ssn: '123-45-6789',
  manager: { name: 'Bea', ssn: '987-65-4321' },
}

export async function startRecordsServer(): Promise<RecordsServer> {
  const deleted: string[] = []
  const server = await serveBothEras(() => createServer(deleted))
  return { url: server.url, deleted, close: () => server.close() }
}

function createServer(deleted: string[]): McpServer {
  const server = new McpServer(
    { name: 'records', version: '1.0.0' },
    { capabilities: { logging: {} } },
  )
  server.registerTool(
    'employee',
    { inputSchema: named, outputSchema: fromJsonSchema(employee) },
    async (_args, { mcpReq }) => {
      const params = { level: 'info', data: { reading: record } } as const
      await mcpReq.notify({ method: 'notifications/message', params })
      return {
        content: [{ type: 'text', text: JSON.stringify(record) }],
        structuredContent: record,
      }
    },
  )
  server.registerTool('delete_record', { inputSchema: deletion }, ({ id, dry_run: isDry }) => {
    if (isDry !== true) deleted.push(id)
    return {
      content: [{ type: 'text', text: `${isDry === true ? 'Would delete' : 'Deleted'} ${id}` }],
    }
  })
  server.registerTool(
    'delete_all',
    { outputSchema: fromJsonSchema<{ count: number }>(counted) },
    () => {
      deleted.push('*')
      return { content: [], structuredContent: { count: 7 } }
    },
  )
  return server
}

const named = fromJsonSchema<{ id?: string }>({
  type: 'object',
  properties: { id: { type: 'string' } },
})

const deletion = fromJsonSchema<{ id: string; dry_run?: boolean }>({
  type: 'object',
  properties: { id: { type: 'string' }, dry_run: { type: 'boolean' } },
  required: ['id'],
})

const counted = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
} as const

const person = {
  name: { type: 'string' },
  ssn: { type: 'string', pattern: '^[0-9-]+$', sensitive: true },
} as const

const employee = {
  type: 'object',
  properties: {
    ...person,
    salary: { type: 'number', sensitive: true },
    manager: {
      type: 'object',
      properties: person,
      required: ['name', 'ssn'],
      additionalProperties: false,
    },
  },
  required: ['name', 'salary', 'ssn', 'manager'],
  additionalProperties: false,
} as const
