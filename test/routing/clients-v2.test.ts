import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { textOf } from '../support/client.js'
import { startEverything, type Everything } from '../support/everything/http.mjs'
import { startEverythingServer, type EverythingServer } from '../support/everything-server.js'
import type { TestGateway } from '../support/gateway.js'
import { closedAfterEach } from '../support/opened.js'
import { startSeveral } from './several.js'

let both: Everything
let legacy: EverythingServer
let gateway: TestGateway
const keep = closedAfterEach()

beforeAll(async () => {
  both = await startEverything()
  legacy = await startEverythingServer()
  gateway = await startSeveral({ both: both.url, old: legacy.url })
})
afterAll(async () => {
  await gateway.close()
  await both.close()
  await legacy.close()
})

async function connect(mode: 'auto' | 'legacy' = 'auto'): Promise<Client> {
  const client = keep(
    new Client(
      { name: 'test-client', version: '1.0.0' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    ),
  )
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { name: 'Eve' },
  }))
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl)))
  return client
}

test('a modern client finds several servers as one, whichever era each speaks', async () => {
  const client = await connect()
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  expect(client.getServerVersion()?.name).toBe('portcullis')
  expect(client.getInstructions()).toContain('# both')
  const names = (await client.listTools()).tools.map(({ name }) => name)
  expect(names).toContain('both__test_simple_text')
  expect(names).toContain('old__echo')
  const result = await client.callTool({ name: 'old__echo', arguments: { text: 'Hi' } })
  expect(textOf(result)).toBe('Hi')
  const simple = await client.callTool({ name: 'both__test_simple_text' })
  expect(textOf(simple)).not.toBe('')
})

test('a modern client reads what it lists, and is told what is not there', async () => {
  const client = await connect()
  const { resources } = await client.listResources()
  const [first] = resources.filter(({ uri }) => uri.startsWith('portcullis:both/'))
  const read = await client.readResource({ uri: first?.uri ?? '' })
  expect(read.contents[0]?.uri).toBe(first?.uri)
  await expect(client.readResource({ uri: 'file:///nowhere' })).rejects.toMatchObject({
    code: -32602,
  })
})

test('a modern client subscribes at all servers at once and hears what each tells', async () => {
  const client = await connect()
  const changed = new Promise((resolve) => {
    client.setNotificationHandler('notifications/tools/list_changed', () => resolve('changed'))
  })
  const subscription = await client.listen({ toolsListChanged: true })
  expect(subscription.honoredFilter).toMatchObject({ toolsListChanged: true })
  await client.callTool({ name: 'both__test_trigger_tool_change' })
  await expect(changed).resolves.toBe('changed')
  await subscription.close()
})

test('a legacy client finds them too', async () => {
  const client = await connect('legacy')
  const names = (await client.listTools()).tools.map(({ name }) => name)
  expect(names).toContain('both__test_simple_text')
  expect(names).toContain('old__echo')
})
