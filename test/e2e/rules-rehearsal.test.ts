import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEverything, type Everything } from '../support/everything/http.mjs'
import { closedAfterEach } from '../support/opened.js'
import { startRuled } from '../support/ruled.js'

const keep = closedAfterEach()
let server: Everything

beforeAll(async () => {
  server = await startEverything()
})
afterAll(() => server.close())

const kinds = [
  'tools/call',
  'resources/*',
  'prompts/*',
  'completion/complete',
  'logging/setLevel',
  'tools/list',
]
const rules = `rules: [{ id: rehearse, match: { kind: ${JSON.stringify(kinds)} }, effect: dry_run }]`

type Connect = (url: string) => Promise<ClientV1 | ClientV2>

const v2 =
  (mode: VersionNegotiationMode): Connect =>
  async (url) => {
    const client = new ClientV2(
      { name: 'v2', version: '1' },
      { versionNegotiation: { mode }, enforceStrictCapabilities: true },
    )
    await client.connect(new TransportV2(new URL(url)))
    return client
  }

const clients: readonly (readonly [string, Connect])[] = [
  [
    'the SDK v1',
    async (url) => {
      const client = new ClientV1({ name: 'v1', version: '1' })
      await client.connect(new TransportV1(new URL(url)))
      return client
    },
  ],
  ['the SDK v2 in the legacy era', v2('legacy')],
  ['the SDK v2 in the modern era', v2({ pin: '2026-07-28' })],
]

const notForwarded = { 'portcullis/dry_run': { forwarded: false } }

describe.each(clients)('a client of %s takes what it gets for a dry run', (which, connect) => {
  const connected = async () => {
    const gateway = keep(await startRuled(server.url, rules))
    return keep(await connect(gateway.mcpUrl))
  }

  test('of a tool, a resource, a prompt and a completion', async () => {
    const client = await connected()
    expect(await client.callTool({ name: 'test_simple_text', arguments: { a: 1 } })).toMatchObject({
      content: [
        { text: 'Dry run: test_simple_text was not called. It would have been sent {"a":1}' },
      ],
      _meta: notForwarded,
    })
    expect(await client.readResource({ uri: 'test://static-text' })).toMatchObject({
      contents: [{ uri: 'test://static-text', text: expect.stringContaining('Dry run') as string }],
      _meta: notForwarded,
    })
    expect(await client.getPrompt({ name: 'test_simple_prompt' })).toMatchObject({
      messages: [{ content: { text: expect.stringContaining('Dry run') as string } }],
      _meta: notForwarded,
    })
    const asked = {
      ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
      argument: { name: 'arg1', value: 'p' },
    } as const
    expect(await client.complete(asked)).toMatchObject({
      completion: { values: [] },
      _meta: notForwarded,
    })
  })

  test('of a list, which is empty', async () => {
    const client = await connected()
    expect(await client.listTools()).toMatchObject({ tools: [], _meta: notForwarded })
    expect(await client.listResources()).toMatchObject({ resources: [], _meta: notForwarded })
    expect(await client.listResourceTemplates()).toMatchObject({ resourceTemplates: [] })
    expect(await client.listPrompts()).toMatchObject({ prompts: [] })
  })

  test.skipIf(which.includes('modern'))('of what has no result', async () => {
    const client = await connected()
    expect(await client.subscribeResource({ uri: 'test://watched-resource' })).toMatchObject({
      _meta: notForwarded,
    })
    expect(await client.setLoggingLevel('debug')).toMatchObject({ _meta: notForwarded })
  })
})
