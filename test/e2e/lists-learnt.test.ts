import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.js'
import { bundleOf } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { startRawUpstream, type RawUpstream } from '../support/upstream.js'

const keep = closedAfterEach()

const declarations =
  '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}}'

/** What the server lists, page by page. */
const pages = [
  [
    { name: 'wipe', annotations: { destructiveHint: true }, inputSchema: { type: 'object' } },
    { name: 'read', annotations: { readOnlyHint: true }, inputSchema: { type: 'object' } },
  ],
  [
    {
      name: 'route',
      inputSchema: {
        type: 'object',
        properties: {
          region: { type: 'string', 'x-mcp-header': 'Region' },
          place: {
            type: 'object',
            properties: { zone: { type: 'integer', 'x-mcp-header': 'Zone' } },
          },
          dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
        },
      },
    },
  ],
]

interface Scene {
  readonly gateway: TestGateway
  readonly upstream: RawUpstream
  readonly call: (name: string, args?: object, headers?: Headers) => Promise<Response>
  readonly list: (era: 'legacy' | 'modern') => Promise<unknown>
  /** Methods that the server was asked for, in order. */
  readonly asked: () => string[]
}

type Headers = Record<string, string>

async function openScene(
  options: { trusted?: boolean; events?: boolean; silent?: boolean } = {},
): Promise<Scene> {
  const { trusted = true, events = false, silent = false } = options
  const upstream = keep(
    await startRawUpstream(({ body }, response) => {
      const { id, method, params } = JSON.parse(body.toString()) as Asked
      const at = Number(params?.cursor ?? 0)
      const next = at + 1 < pages.length ? { nextCursor: String(at + 1) } : {}
      const result = method === 'tools/list' && !silent ? { tools: pages[at], ...next } : {}
      const text = JSON.stringify({ jsonrpc: '2.0', id, result })
      const type = events ? 'text/event-stream' : 'application/json'
      response.writeHead(200, { 'content-type': type })
      response.end(events ? `: hello\n\ndata: ${text}\n\n` : text)
    }),
  )
  const file = JSON.stringify({ mcpServers: { one: { url: upstream.url, trusted } } })
  const env = {
    UPSTREAMS_FILE: 'servers.json',
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: bundleOf('lists'),
  }
  const gateway = keep(await startTestGateway(env, { 'servers.json': file }))
  const modern = (method: string, name?: string): Headers => ({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  })
  return {
    gateway,
    upstream,
    call: (name, args = {}, headers = {}) => {
      const params = `"name":"${name}","arguments":${JSON.stringify(args)}`
      return gateway.post(
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${params},"_meta":{${declarations},"progressToken":1}}}`,
        { ...modern('tools/call', name), ...headers },
      )
    },
    list: async (era) => {
      const params = era === 'modern' ? `,"params":{"_meta":{${declarations}}}` : ''
      const headers = era === 'modern' ? modern('tools/list') : {}
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/list"${params}}`
      return (await gateway.post(body, headers)).json()
    },
    asked: () => upstream.received.map(({ body }) => (JSON.parse(body.toString()) as Asked).method),
  }
}

interface Asked {
  readonly id: unknown
  readonly method: string
  readonly params?: { readonly cursor?: string; readonly _meta?: object }
}

const legacyCall = (name: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"}}`

describe('annotations of a tool', () => {
  test('of a trusted server are input of policy, once they were listed', async () => {
    const { gateway, list } = await openScene()
    expect((await gateway.post(legacyCall('wipe'))).status).toBe(200)
    await list('legacy')
    expect((await gateway.post(legacyCall('wipe'))).status).toBe(403)
    expect((await gateway.post(legacyCall('read'))).status).toBe(200)
  })

  test.each([[true], [false]])(
    'are asked for in the modern era, where a request stands for itself (events: %s)',
    async (events) => {
      const { call, asked, upstream } = await openScene({ events })
      expect((await call('wipe')).status).toBe(403)
      expect((await call('read')).status).toBe(200)
      expect((await call('nobody')).status).toBe(200)
      expect(asked()).toEqual(['tools/list', 'tools/list', 'tools/call', 'tools/call'])
      const [first] = upstream.received
      expect(first?.headers).toMatchObject({ 'mcp-method': 'tools/list' })
      expect(first?.headers).not.toHaveProperty('mcp-name')
      const { params } = JSON.parse(first?.body.toString() ?? '') as Asked
      expect(JSON.stringify(params?._meta)).toBe(`{${declarations}}`)
    },
  )

  test('are there for every call that comes while they are asked for', async () => {
    const { call } = await openScene()
    const answers = await Promise.all([call('wipe'), call('wipe'), call('wipe')])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
  })

  test('of any other server are not', async () => {
    const { call, list, asked } = await openScene({ trusted: false })
    await list('modern')
    expect((await call('wipe')).status).toBe(200)
    expect(asked()).toEqual(['tools/list', 'tools/call'])
  })
})

describe('headers that mirror arguments', () => {
  const given: Headers = {
    'mcp-param-region': 'us',
    'mcp-param-zone': '7',
    'mcp-param-dry': 'true',
    'mcp-param-unknown': 'kept',
  }
  const args = { region: 'us', place: { zone: 7 }, dry: true }
  const patch = (value: unknown): Headers => ({
    ...given,
    'x-patch': JSON.stringify({ args: value }),
  })
  const sent = ({ upstream }: Scene): Record<string, unknown> => {
    const headers = Object.entries(upstream.received.at(-1)?.headers ?? {})
    return Object.fromEntries(headers.filter(([name]) => name.startsWith('mcp-param-')))
  }

  test.each([
    ['changed', { region: 'eu', place: { zone: -3 }, dry: false }, ['eu', '-3', 'false']],
    ['not plain ASCII', { region: 'Zürich' }, ['=?base64?WsO8cmljaA==?=', '7', 'true']],
    ['that are gone', { region: null, place: null }, [undefined, undefined, 'true']],
    ['that have no header any more', { region: ['us'] }, [undefined, '7', 'true']],
    ['untouched', { other: 1 }, ['us', '7', 'true']],
  ])('follow a patch of arguments %s', async (_what, value, [region, zone, dry]) => {
    const scene = await openScene({ trusted: false })
    await scene.call('route', args, patch(value))
    const expected: Record<string, unknown> = { 'mcp-param-unknown': 'kept' }
    if (region !== undefined) expected['mcp-param-region'] = region
    if (zone !== undefined) expected['mcp-param-zone'] = zone
    if (dry !== undefined) expected['mcp-param-dry'] = dry
    expect(sent(scene)).toEqual(expected)
    expect(scene.asked()).toEqual(['tools/list', 'tools/list', 'tools/call'])
  })

  test('stay where the server does not say which they are, and it is asked once', async () => {
    const scene = await openScene({ trusted: false, silent: true })
    await scene.call('route', args, patch({ region: 'eu' }))
    await scene.call('route', args, patch({ region: 'eu' }))
    expect(sent(scene)).toEqual(Object.fromEntries(Object.entries(given)))
    expect(scene.asked()).toEqual(['tools/list', 'tools/call', 'tools/call'])
  })

  test('are left alone where nothing was patched', async () => {
    const scene = await openScene({ trusted: false })
    await scene.call('route', args, given)
    expect(sent(scene)).toEqual(given)
    expect(scene.asked()).toEqual(['tools/call'])
  })
})
