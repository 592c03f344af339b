import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startDemoServer } from '../../src/demo/server.js'
import type { DemoServer } from '../../src/demo/server.js'

let demo: DemoServer
const clients: Client[] = []

beforeAll(async () => {
  demo = await startDemoServer()
})

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

afterAll(() => demo.close())

async function connect(): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(demo.url))
  await client.connect(transport)
  clients.push(client)
  return { client, transport }
}

function post(message: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(demo.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })
}

const call = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name, arguments: args },
})

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  },
}

describe('a call without a session', () => {
  test.each(['*/*', 'application/json', 'application/json, text/event-stream', '*/*;q=0.8'])(
    'is answered with JSON to Accept: %s',
    async (accept) => {
      const response = await post(call('alert'), { accept })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toContain('application/json')
      expect(response.headers.get('mcp-session-id')).toBeNull()
      expect(await response.json()).toEqual({
        jsonrpc: '2.0',
        id: 7,
        result: { content: [{ type: 'text', text: '\u001B[31mALERT\u001B[0m' }] },
      })
    },
  )

  test('is refused when it accepts neither media type', async () => {
    expect((await post(call('alert'), { accept: 'text/html' })).status).toBe(406)
  })

  test('is refused when its body is not JSON', async () => {
    const response = await post('{"jsonrpc":')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: -32700 } })
  })

  test('is refused when it is larger than 4 MiB', async () => {
    expect((await post(call('alert', { text: 'x'.repeat(4 * 1024 * 1024) }))).status).toBe(413)
  })

  test('may be a notification', async () => {
    const response = await post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    expect(response.status).toBe(202)
    expect(await response.text()).toBe('')
  })

  test('gets a JSON-RPC error for a tool that is not there', async () => {
    const response = await post(call('nothing'))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ id: 7, error: { code: -32602 } })
  })

  test('is the only thing that is served: GET and DELETE need a session', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(demo.url, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('POST')
    }
  })

  test('comes from a local page, if from any', async () => {
    expect((await post(call('alert'), { origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await post(call('alert'), { origin: 'null' })).status).toBe(403)
    expect((await post(call('alert'), { origin: 'http://localhost:5173' })).status).toBe(200)
  })

  test('is served at /mcp only', async () => {
    expect((await fetch(new URL('/', demo.url))).status).toBe(404)
  })
})

describe('a session', () => {
  test('is opened by initialize, listened to, and ended by DELETE', async () => {
    const opened = await post(initialize, { accept: '*/*' })
    expect(opened.headers.get('content-type')).toContain('text/event-stream')
    const id = opened.headers.get('mcp-session-id') ?? ''
    expect(await opened.text()).toContain('portcullis-demo')

    const session = { 'mcp-session-id': id }
    const listening = await fetch(demo.url, { headers: { ...session, accept: '*/*' } })
    expect(listening.status).toBe(200)
    expect(listening.headers.get('content-type')).toContain('text/event-stream')

    expect((await fetch(demo.url, { method: 'DELETE', headers: session })).status).toBe(200)
    expect(await listening.text()).toBe('')
    expect((await post(call('alert'), session)).status).toBe(404)
  })

  test('needs a client that accepts event streams', async () => {
    expect((await post(initialize, { accept: 'application/json' })).status).toBe(406)
  })

  test('that nobody opened is not found', async () => {
    const response = await post(call('alert'), { 'mcp-session-id': 'made-up' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: -32001 } })
  })

  test('gives progress while the call runs', async () => {
    const { client } = await connect()
    const progress: number[] = []
    const result = await client.callTool(
      { name: 'report.build', arguments: { steps: 3, pause_ms: 0 } },
      undefined,
      { onprogress: ({ progress: step }) => progress.push(step) },
    )
    expect(progress).toEqual([1, 2, 3])
    expect(result.content).toEqual([{ type: 'text', text: 'Report built in 3 steps' }])
  })

  test('ends when its client says so', async () => {
    const { transport } = await connect()
    const session = { 'mcp-session-id': transport.sessionId ?? '' }
    expect((await post(call('alert'), { ...session, accept: '*/*' })).status).toBe(200)
    await transport.terminateSession()
    expect((await post(call('alert'), { ...session, accept: '*/*' })).status).toBe(404)
  })

  test('of one client is not the session of another', async () => {
    const [one, other] = await Promise.all([connect(), connect()])
    expect(one.transport.sessionId).not.toBe(other.transport.sessionId)
    await one.transport.terminateSession()
    await expect(other.client.ping()).resolves.toEqual({})
  })
})

describe('the tools', () => {
  test('are listed with schemas and annotations', async () => {
    const { client } = await connect()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'weather.get',
      'temp.convert',
      'database.backup',
      'alert',
      'employee_data',
      'report.build',
    ])
    for (const tool of tools) expect(tool.annotations).toHaveProperty('readOnlyHint')
  })

  test.each([
    ['weather.get', { city: 'Berlin' }, /^Berlin: \d+ °C, /],
    ['temp.convert', { temp: 20 }, /^20 C = 68 F$/],
    ['temp.convert', { temp: -500, from: 'F', to: 'K' }, /^-500 F = -22.41 K$/],
    ['database.backup', {}, /^Backup of main written$/],
  ])('%s %j answers %s', async (name, args, text) => {
    const { client } = await connect()
    const result = await client.callTool({ name, arguments: args })
    expect(result.isError).toBeUndefined()
    expect(result.content).toEqual([{ type: 'text', text: expect.stringMatching(text) as string }])
  })

  test.each([
    ['weather.get', {}],
    ['temp.convert', { temp: '20' }],
    ['temp.convert', { temp: 20, from: 'toString' }],
    ['employee_data', { employee_id: 'nobody' }],
    ['report.build', { steps: 1000 }],
    ['report.build', { pause_ms: -1 }],
  ])('%s %j is an error that a model can read', async (name, args) => {
    const { client } = await connect()
    expect(await client.callTool({ name, arguments: args })).toMatchObject({ isError: true })
  })

  test('employee_data says the same in its text and in its structured content', async () => {
    const { client } = await connect()
    const args = { employee_id: '1' }
    const result = await client.callTool({ name: 'employee_data', arguments: args })
    const [content] = result.content as { text: string }[]
    expect(JSON.parse(content?.text ?? '')).toEqual(result.structuredContent)
    expect(Object.keys(result.structuredContent ?? {})).toEqual([
      'employee_id',
      'name',
      'department',
      'salary',
      'ssn',
    ])
  })
})

describe('resources and prompts', () => {
  test('are listed and read', async () => {
    const { client } = await connect()
    const { resources } = await client.listResources()
    for (const { uri } of resources) {
      expect((await client.readResource({ uri })).contents).toMatchObject([{ uri }])
    }
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1)
    const employee = await client.readResource({ uri: 'demo://employees/2' })
    expect(employee.contents).toMatchObject([{ mimeType: 'application/json' }])
  })

  test.each([
    'demo://nothing',
    'demo://employees/',
    'demo://employees/1/salary',
    'file:///etc/hosts',
  ])('%s is not found', async (uri) => {
    const { client } = await connect()
    await expect(client.readResource({ uri })).rejects.toThrow('not found')
  })

  test('a prompt is listed, completed and written', async () => {
    const { client } = await connect()
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'greet' }])
    const written = await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })
    expect(written.messages[0]?.content).toMatchObject({
      text: expect.stringContaining('Ada') as string,
    })
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'name', value: 'A' },
    })
    expect(completed.completion.values).toEqual(['Ada'])
    await expect(client.getPrompt({ name: 'nothing' })).rejects.toThrow('Unknown prompt')
  })
})

test('closing ends the sessions that are open and frees the port', async () => {
  const server = await startDemoServer()
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(server.url))
  await client.connect(transport)
  await server.close()
  const again = await startDemoServer({ port: Number(new URL(server.url).port) })
  await again.close()
  await client.close()
})
