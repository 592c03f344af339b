import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemoServer, type DemoServer } from '../../src/demo/server.js'
import { textOf } from '../support/client.js'
import { startEverythingServer, type EverythingServer } from '../support/everything-server.js'
import { logged } from '../support/governed.js'
import type { TestGateway } from '../support/gateway.js'
import { closedAfterEach } from '../support/opened.js'
import { startSeveral } from './several.js'

let one: EverythingServer
let other: EverythingServer
let demo: DemoServer
let gateway: TestGateway
const keep = closedAfterEach()

beforeAll(async () => {
  one = await startEverythingServer()
  other = await startEverythingServer()
  demo = await startDemoServer()
  gateway = await startSeveral({ one: one.url, 'the_other.1': other.url, demo: demo.url })
})
afterAll(async () => {
  await gateway.close()
  await one.close()
  await other.close()
  await demo.close()
})

async function connect(): Promise<{ client: Client; asked: string[]; logs: unknown[] }> {
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: { elicitation: {}, sampling: {}, roots: { listChanged: true } } },
  )
  const asked: string[] = []
  const logs: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, ({ method }) => {
    asked.push(method)
    return { action: 'accept', content: { name: 'Eve' } }
  })
  client.setRequestHandler(CreateMessageRequestSchema, ({ method }) => {
    asked.push(method)
    return { model: 'm', role: 'assistant', content: { type: 'text', text: 'Hello' } }
  })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logs.push(params.data)
  })
  keep(client)
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl)))
  return { client, asked, logs }
}

describe('several servers are one to a client of the legacy era', () => {
  test('it introduces itself with what all of them can do', async () => {
    const { client } = await connect()
    expect(client.getServerVersion()?.name).toBe('portcullis')
    expect(client.getServerCapabilities()).toMatchObject({
      logging: {},
      tools: { listChanged: true },
      prompts: {},
      resources: {},
    })
  })

  test('tools and prompts are listed under the names of their servers, in the order of configuration', async () => {
    const { client } = await connect()
    const tools = (await client.listTools()).tools.map(({ name }) => name)
    const servers = tools.map((name) => name.split('__')[0])
    expect([...new Set(servers)]).toEqual(['one', 'the_other.1', 'demo'])
    expect(tools).toContain('one__echo')
    expect(tools).toContain('the_other.1__echo')
    const prompts = (await client.listPrompts()).prompts.map(({ name }) => name)
    expect(prompts).toContain('the_other.1__greet')
  })

  test('a tool is called at its own server under its own name', async () => {
    const { client } = await connect()
    const result = await client.callTool({ name: 'the_other.1__echo', arguments: { text: 'Hi' } })
    expect(textOf(result)).toBe('Hi')
    const lines = await logged(gateway, 'decision')
    const line = lines.find(({ kind }) => kind === 'tools/call')
    expect(line).toMatchObject({ server: 'the_other.1', target: { type: 'tool', name: 'echo' } })
  })

  test('a resource is listed and read under a URI that names its server', async () => {
    const { client } = await connect()
    const uris = (await client.listResources()).resources.map(({ uri }) => uri)
    expect(uris).toContain('portcullis:one/file:///etc/hosts')
    const read = await client.readResource({ uri: 'portcullis:the_other.1/file:///etc/hosts' })
    expect(read.contents).toEqual([
      { uri: 'portcullis:the_other.1/file:///etc/hosts', text: '127.0.0.1 localhost' },
    ])
  })

  test('a prompt is got at its server', async () => {
    const { client } = await connect()
    const got = await client.getPrompt({ name: 'one__greet', arguments: { who: 'Ada' } })
    expect(got.messages[0]?.content).toEqual({ type: 'text', text: 'Greet Ada' })
  })

  test('progress, logs and the requests of a server arrive, and answers go back to it', async () => {
    const { client, asked, logs } = await connect()
    const progress: number[] = []
    await client.callTool({ name: 'one__count', arguments: { to: 3 } }, undefined, {
      onprogress: (made) => progress.push(made.progress),
    })
    expect(progress).toEqual([1, 2, 3])
    await client.callTool({ name: 'one__log' })
    expect(logs).toEqual(['logged'])
    expect(textOf(await client.callTool({ name: 'the_other.1__elicit' }))).toBe('accept')
    expect(textOf(await client.callTool({ name: 'one__sample' }))).toBe('m')
    expect(textOf(await client.callTool({ name: 'one__elicit-aside' }))).toBe('accept')
    expect(asked).toEqual(['elicitation/create', 'sampling/createMessage', 'elicitation/create'])
  })

  test('a stream that breaks off is resumed at its server', async () => {
    const { client } = await connect()
    expect(textOf(await client.callTool({ name: 'one__interrupt' }))).toBe('The rest came later')
  })

  test('ping and the log level are for all', async () => {
    const { client } = await connect()
    await expect(client.ping()).resolves.toEqual({})
    await expect(client.setLoggingLevel('warning')).resolves.toEqual({})
  })

  test.each([
    ['a server that is not there', 'nobody__echo'],
    ['no server', 'echo'],
    ['nothing', '__echo'],
  ])('a tool of %s is unknown', async (_what, name) => {
    const { client } = await connect()
    await expect(client.callTool({ name })).rejects.toMatchObject({ code: -32602 })
  })

  test('a resource of no server is not found', async () => {
    const { client } = await connect()
    await expect(client.readResource({ uri: 'file:///etc/hosts' })).rejects.toMatchObject({
      code: -32002,
    })
  })
})
