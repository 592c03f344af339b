import { expect, test, vi } from 'vitest'
import { startEverythingServer } from '../support/everything-server.js'
import { closedAfterEach } from '../support/opened.js'
import { connectModern, openBridge, textOf } from './scene.js'
import { startLegacyOnly } from './servers.mjs'

const keep = closedAfterEach()

async function bridged() {
  const server = keep(await startLegacyOnly())
  return { server, ...(await openBridge(keep, server.url)) }
}

async function bridgedV1() {
  return openBridge(keep, keep(await startEverythingServer()).url)
}

const answers = {
  'elicitation/create': () => ({ action: 'accept', content: { name: 'Ada' } }),
  'sampling/createMessage': () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'Paris' },
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///home' }] }),
} as const

const able = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }

async function ableClient(url: string) {
  return connectModern(keep, url, able, (client) => {
    for (const [method, answer] of Object.entries(answers)) {
      client.setRequestHandler(method as 'roots/list', answer as never)
    }
  })
}

test('a modern client discovers a legacy server', async () => {
  const { url } = await bridged()
  const client = await connectModern(keep, url)
  const discovered = await client.discover()
  expect(discovered).toMatchObject({
    supportedVersions: ['2026-07-28'],
    capabilities: { resources: { subscribe: true } },
    instructions: expect.stringMatching(/Call any tool/) as string,
  })
})

test('it lists, calls, reads and gets what the server has', async () => {
  const { url } = await bridged()
  const client = await connectModern(keep, url)
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('test_simple_text')
  expect(textOf(await client.callTool({ name: 'test_simple_text', arguments: {} }))).not.toBe('')
  const { resources } = await client.listResources()
  const [first] = resources
  expect((await client.readResource({ uri: first?.uri ?? '' })).contents).toHaveLength(1)
  expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0)
})

test('calls one after the other share a session, with the server’s own stream open', async () => {
  const { server, url } = await bridged()
  const client = await connectModern(keep, url)
  await client.listTools()
  await client.callTool({ name: 'test_simple_text', arguments: {} })
  const ids = server.received.map(({ headers }) => headers['mcp-session-id'])
  // One of them was the probe's.
  expect(new Set(ids.filter((id) => id !== undefined)).size).toBe(2)
  expect(server.received.filter(({ method }) => method === 'GET')).toHaveLength(1)
})

test('an unknown tool and an unknown method are errors that it understands', async () => {
  const { url } = await bridgedV1()
  const client = await connectModern(keep, url)
  const unknown = await client
    .callTool({ name: 'nobody', arguments: {} })
    .catch((error: unknown) => error)
  expect(unknown).toMatchObject({ isError: true })
  await expect(client.readResource({ uri: 'file:///nobody' })).rejects.toMatchObject({
    code: -32602,
  })
})

test.each(['elicit', 'elicit-aside', 'sample'])(
  '%s: what a v1 server asks becomes part of a result',
  async (name) => {
    const { url } = await bridgedV1()
    const client = await ableClient(url)
    expect(textOf(await client.callTool({ name, arguments: {} }))).toBe(
      name === 'sample' ? 'm' : 'accept',
    )
  },
)

test('what a v2 server asks becomes part of a result', async () => {
  const { url } = await bridged()
  const client = await ableClient(url)
  const call = async (name: string) => textOf(await client.callTool({ name, arguments: {} }))
  expect(await call('test_input_required_result_elicitation')).toContain('accept {"name":"Ada"}')
  expect(await call('test_input_required_result_sampling')).toContain('Paris')
  expect(await call('test_input_required_result_list_roots')).toBe('file:///home')
  expect(await call('elicit_url')).toContain('accept')
})

test('a server that asks what its client cannot do is not left hanging', async () => {
  const { url } = await bridgedV1()
  const client = await connectModern(keep, url)
  const result = await client.callTool({ name: 'elicit', arguments: {} })
  expect(result.isError).toBe(true)
})

test('progress comes before the result', async () => {
  const { url } = await bridged()
  const client = await connectModern(keep, url)
  const seen: number[] = []
  const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress)
  await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, { onprogress })
  expect(seen).toEqual([0, 50, 100])
})

test('the rest of a reply is fetched where a server ends its stream early', async () => {
  const { url } = await bridgedV1()
  const client = await connectModern(keep, url)
  const result = await client.callTool({ name: 'interrupt', arguments: {} })
  expect(textOf(result)).toBe('The rest came later')
})

test('it hears of changed lists and of the resources that it listens for', async () => {
  const { url } = await bridged()
  const heard: string[] = []
  const client = await connectModern(keep, url, {}, (made) => {
    made.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'))
    made.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri)
    })
  })
  const listening = await client.listen({
    toolsListChanged: true,
    resourceSubscriptions: ['test://watched'],
  })
  await client.callTool({ name: 'touch_resource', arguments: { uri: 'test://other' } })
  await client.callTool({ name: 'touch_resource', arguments: { uri: 'test://watched' } })
  await client.callTool({ name: 'test_trigger_tool_change', arguments: {} })
  await vi.waitFor(() => expect(heard).toEqual(['test://watched', 'tools']), { interval: 2 })
  await listening.close()
})

test('what a server logs comes where the request asks for it', async () => {
  const { url } = await bridged()
  const lines: unknown[] = []
  const client = await connectModern(keep, url, {}, (made) => {
    made.setNotificationHandler('notifications/message', ({ params }) => {
      lines.push(params.data)
    })
  })
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
  expect(lines).toEqual([])
  const _meta = { 'io.modelcontextprotocol/logLevel': 'info' }
  await client.callTool({ name: 'test_tool_with_logging', arguments: {}, _meta })
  expect(lines).toEqual(['started', 'working', 'completed'])
})
