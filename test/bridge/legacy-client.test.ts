import { expect, test, vi } from 'vitest'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { closedAfterEach } from '../support/opened.js'
import { connectLegacy, openBridge, textOf } from './scene.js'
import { startModernOnly } from './servers.mjs'

const keep = closedAfterEach()

async function bridged() {
  const server = keep(await startModernOnly())
  return { server, ...(await openBridge(keep, server.url)) }
}

test('a legacy client initializes at a modern server', async () => {
  const { url } = await bridged()
  const client = await connectLegacy(keep, url)
  expect(client.getServerVersion()).toMatchObject({ name: 'everything' })
  expect(client.getInstructions()).toMatch(/Call any tool/)
  expect(client.getServerCapabilities()).toMatchObject({ resources: { subscribe: true } })
  await client.ping()
})

test('it lists, calls, reads and gets what the server has', async () => {
  const { url } = await bridged()
  const client = await connectLegacy(keep, url)
  const { tools, ...page } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('test_simple_text')
  expect(Object.keys(page)).not.toContain('ttlMs')
  expect(page).not.toHaveProperty('resultType')
  expect(textOf(await client.callTool({ name: 'test_simple_text', arguments: {} }))).not.toBe('')
  const { resources } = await client.listResources()
  const [first] = resources
  expect((await client.readResource({ uri: first?.uri ?? '' })).contents).toHaveLength(1)
  const { prompts } = await client.listPrompts()
  expect(prompts.length).toBeGreaterThan(0)
})

test('an unknown tool and an unknown method are errors that it understands', async () => {
  const { url } = await bridged()
  const client = await connectLegacy(keep, url)
  const unknown = client.callTool({ name: 'nobody', arguments: {} })
  await expect(unknown).rejects.toMatchObject({ code: -32602 })
  const listed = client.request({ method: 'tasks/list', params: {} }, {} as never)
  await expect(listed).rejects.toMatchObject({ code: -32601 })
})

test('it is asked what a modern server wants to know before it answers', async () => {
  const { url } = await bridged()
  const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
  const client = await connectLegacy(keep, url, capabilities, (made) => {
    made.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      if (params.mode === 'url') {
        expect(params.elicitationId).not.toBe('')
        return { action: 'accept' }
      }
      return { action: 'accept', content: { name: 'Ada' } }
    })
    made.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: 'Paris' },
    }))
    made.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///home' }] }))
  })
  const call = async (name: string) => textOf(await client.callTool({ name, arguments: {} }))
  expect(await call('test_input_required_result_elicitation')).toContain('accept {"name":"Ada"}')
  expect(await call('test_input_required_result_sampling')).toContain('Paris')
  expect(await call('test_input_required_result_list_roots')).toBe('file:///home')
  expect(await call('elicit_url')).toContain('accept')
})

test('a question that the client cannot answer fails the tool, and says why', async () => {
  const { url } = await bridged()
  const client = await connectLegacy(keep, url)
  const result = client.callTool({ name: 'test_input_required_result_sampling', arguments: {} })
  await expect(result).rejects.toMatchObject({ code: -32021 })
  const willing = await connectLegacy(keep, url, { sampling: {} }, (made) => {
    made.setRequestHandler(CreateMessageRequestSchema, () => {
      throw new Error('no model today')
    })
  })
  const failed = await willing.callTool({
    name: 'test_input_required_result_sampling',
    arguments: {},
  })
  expect(failed.isError).toBe(true)
  expect(textOf(failed)).toContain('no model today')
})

test('progress comes before the result', async () => {
  const { url } = await bridged()
  const client = await connectLegacy(keep, url)
  const seen: number[] = []
  const onprogress = ({ progress }: { progress: number }): void => void seen.push(progress)
  await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, undefined, {
    onprogress,
  })
  expect(seen).toEqual([0, 50, 100])
})

test('it is logged to once it has set a level', async () => {
  const { url } = await bridged()
  const lines: unknown[] = []
  const client = await connectLegacy(keep, url, {}, (made) => {
    made.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      lines.push(params.data)
    })
  })
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
  expect(lines).toEqual([])
  await client.setLoggingLevel('info')
  await client.callTool({ name: 'test_tool_with_logging', arguments: {} })
  expect(lines).toEqual(['started', 'working', 'completed'])
})

test('it hears of changed lists and of the resources that it subscribed to', async () => {
  const { server, url } = await bridged()
  const heard: string[] = []
  let wake = (): void => undefined
  const until = (word: string): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (heard.includes(word)) resolve()
      }
      wake()
    })
  const client = await connectLegacy(keep, url, {}, (made) => {
    made.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      heard.push('tools')
      wake()
    })
    made.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      expect(params).not.toHaveProperty('_meta')
      heard.push(params.uri)
      wake()
    })
  })
  await vi.waitFor(
    () => {
      const methods = server.received.map(({ headers }) => headers['mcp-method'])
      expect(methods).toContain('subscriptions/listen')
    },
    { interval: 2 },
  )
  await client.subscribeResource({ uri: 'test://watched' })
  await client.callTool({ name: 'touch_resource', arguments: { uri: 'test://watched' } })
  await until('test://watched')
  await client.unsubscribeResource({ uri: 'test://watched' })
  await client.callTool({ name: 'touch_resource', arguments: { uri: 'test://watched' } })
  await client.callTool({ name: 'test_trigger_tool_change', arguments: {} })
  await until('tools')
  expect(heard).toEqual(['test://watched', 'tools'])
})
