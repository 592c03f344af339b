import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { textOf } from '../support/client.js'
import { startEverythingServer, type EverythingServer } from '../support/everything-server.js'
import { as, startTestGateway, trustLoopback, type TestGateway } from '../support/gateway.js'
import { bundleOf, logged, script } from '../support/governed.js'

let server: EverythingServer
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startEverythingServer()
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(() => server.close())

async function gateway(env: Record<string, string> = {}): Promise<TestGateway> {
  const started = await startTestGateway({
    UPSTREAM_URL: server.url,
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: bundleOf('scripted'),
    ...env,
  })
  open.push(() => started.close())
  return started
}

interface Seen {
  readonly client: Client
  readonly asked: string[]
  readonly logs: unknown[]
}

/** A client that answers whatever a server may ask of it. */
async function connect(
  { mcpUrl }: TestGateway,
  headers: Record<string, string> = {},
): Promise<Seen> {
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: { elicitation: {}, sampling: {} } },
  )
  const asked: string[] = []
  const logs: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, ({ method }) => {
    asked.push(method)
    return { action: 'accept', content: { name: 'Eve' } }
  })
  client.setRequestHandler(CreateMessageRequestSchema, ({ method }) => {
    asked.push(method)
    return { model: 'small', role: 'assistant', content: { type: 'text', text: 'hello' } }
  })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logs.push(params.data)
  })
  // What a server asks before this stream is open would be lost.
  let listens: () => void = () => undefined
  const listening = new Promise<void>((resolve) => (listens = resolve))
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), {
    requestInit: { headers },
    fetch: async (url, init) => {
      const reply = await fetch(url, init)
      if (init?.method === 'GET') listens()
      return reply
    },
  })
  await client.connect(transport)
  await listening
  open.push(() => client.close())
  return { client, asked, logs }
}

const denial = { allow: false, reason: 'not_now' }

describe('the TypeScript SDK, version 1', () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['anonymous', {}, {}],
    ['with a sealed session', trustLoopback, as('alice@org', 'dev')],
  ])('does through the gateway what it does without (%s)', async (_who, env, headers) => {
    const { client, asked, logs } = await connect(await gateway(env), headers)
    expect(client.getServerVersion()).toMatchObject({ name: 'everything' })
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
    await client.setLoggingLevel('debug')
    const progress: number[] = []
    const counted = await client.callTool({ name: 'count', arguments: { to: 3 } }, undefined, {
      onprogress: (step) => void progress.push(step.progress),
    })
    expect([textOf(counted), progress]).toEqual(['Counted to 3', [1, 2, 3]])
    const { contents } = await client.readResource({ uri: 'file:///etc/hosts' })
    expect(contents).toMatchObject([{ text: '127.0.0.1 localhost' }])
    const { messages } = await client.getPrompt({ name: 'greet', arguments: { who: 'Eve' } })
    expect(messages).toMatchObject([{ content: { text: 'Greet Eve' } }])
    await client.callTool({ name: 'log' })
    expect(logs).toEqual(['logged'])
    expect(textOf(await client.callTool({ name: 'elicit' }))).toBe('accept')
    expect(textOf(await client.callTool({ name: 'elicit-aside' }))).toBe('accept')
    expect(textOf(await client.callTool({ name: 'sample' }))).toBe('small')
    expect(asked).toEqual(['elicitation/create', 'elicitation/create', 'sampling/createMessage'])
  })

  test.each(['http', 'jsonrpc'])('calls on after a refusal in the style %s', async (style) => {
    const { client } = await connect(await gateway({ POLICY_DENY_STYLE: style }))
    const poisoned = { name: 'echo', arguments: { text: 'a', poison: true } }
    await expect(client.callTool(poisoned)).rejects.toThrow(/policy_deny/)
    const next = await client.callTool({ name: 'echo', arguments: { text: 'still here' } })
    expect(textOf(next)).toBe('still here')
  })

  test('sees a refused tool call as a result where the operator chose that', async () => {
    const { client } = await connect(await gateway({ POLICY_DENY_STYLE: 'tool-error' }))
    const refused = await client.callTool({ name: 'echo', arguments: { text: 'a', poison: true } })
    expect(refused.isError).toBe(true)
    expect(textOf(refused)).toContain('poisoned_call')
  })

  test('gets a refused result as an error of its call, though the reply streams', async () => {
    const headers = script({ post: { 'tools/call': denial } })
    const { client } = await connect(await gateway(), headers)
    const call = client.callTool({ name: 'echo', arguments: { text: 'a' } })
    await expect(call).rejects.toMatchObject({ code: 403, data: { forwarded: true } })
    expect((await client.listTools()).tools).not.toEqual([])
  })

  test.each([
    ['elicit', 'elicitation/create', 'decline'],
    ['elicit-aside', 'elicitation/create', 'decline'],
    ['sample', 'sampling/createMessage', expect.stringContaining('Refused by policy: not_now')],
  ])('is not asked what policy refuses to ask (%s)', async (tool, kind, answer) => {
    const { client, asked } = await connect(await gateway(), script({ pre: { [kind]: denial } }))
    expect(textOf(await client.callTool({ name: tool }))).toEqual(answer)
    expect(asked).toEqual([])
  })

  test('that answers what policy refuses to pass is declined in its place', async () => {
    const headers = script({ post: { 'elicitation/create': denial } })
    const { client, asked } = await connect(await gateway(), headers)
    expect(textOf(await client.callTool({ name: 'elicit' }))).toBe('decline')
    expect(asked).toEqual(['elicitation/create'])
  })

  test('resumes a stream that broke off, and the rest is judged as the reply to its call', async () => {
    const masking = { allow: true, mask_fields: ['text'], mask: '[hidden]' }
    const started = await gateway()
    const { client } = await connect(started, script({ post: { 'tools/call': masking } }))
    expect(textOf(await client.callTool({ name: 'interrupt' }))).toBe('[hidden]')
    const decisions = await logged(started, 'decision')
    expect(decisions.at(-1)).toMatchObject({ hook: 'post', target: { name: 'interrupt' } })
  })

  test('ends its session', async () => {
    const started = await gateway(trustLoopback)
    const { client } = await connect(started, as('alice@org'))
    const transport = client.transport as StreamableHTTPClientTransport
    const { sessionId = '' } = transport
    await transport.terminateSession()
    const headers = { 'mcp-session-id': sessionId, ...as('alice@org') }
    const reply = await started.post('{"jsonrpc":"2.0","id":1,"method":"ping"}', headers)
    expect(reply.status).toBe(404)
  })
})

const python = process.env['PORTCULLIS_TEST_PYTHON'] ?? 'python3'
const hasPython = spawnSync(python, ['-c', 'import mcp']).status === 0

test.skipIf(!hasPython)(
  'the Python SDK gets a refusal in-band as an error, and calls on in the same session',
  async () => {
    const { mcpUrl } = await gateway({ POLICY_DENY_STYLE: 'jsonrpc' })
    const script = new URL('../support/client.py', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(python, [script, mcpUrl])
    expect(JSON.parse(stdout)).toMatchObject({
      server: 'everything',
      tools: expect.arrayContaining(['count', 'echo']),
      refused: {
        code: 403,
        message: 'policy_deny',
        data: { reason: 'poisoned_call', forwarded: false },
      },
      next: 'still here',
    })
  },
)
