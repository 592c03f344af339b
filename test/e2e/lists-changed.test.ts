import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEvents, type EventReader } from '../support/event-server.js'
import { mcpHeaders, startTestGateway, type TestGateway } from '../support/gateway.js'
import { bundleOf } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { startRawUpstream } from '../support/upstream.js'

const keep = closedAfterEach()

/** A gateway whose policy changes, in front of a server with two tools and two resources. */
interface Scene {
  readonly gateway: TestGateway
  /** The streams that the server opened, in order. */
  readonly streams: ServerResponse[]
  readonly ask: (request: Asked) => Promise<Record<string, unknown>>
  readonly listen: (headers?: Record<string, string>) => Promise<Listener>
  readonly subscribe: (id: number, what: object, client?: string) => Promise<Listener>
  /** Puts another policy in force. */
  readonly reload: (policy: string) => Promise<void>
}

interface Listener extends EventReader {
  readonly status: number
}

interface Asked {
  readonly method: string
  readonly params?: object
  readonly session?: string
  readonly client?: string
}

const tools = ['open', 'secret'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const resources = ['file:///a', 'file:///b'].map((uri) => ({ name: uri, uri }))

const results: Record<string, object> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {}, resources: { listChanged: true }, logging: {} },
    serverInfo: { name: 'server', version: '1' },
  },
  'tools/list': { tools },
  'resources/list': { resources },
}

async function openScene(options: { stream?: boolean; policy?: string } = {}): Promise<Scene> {
  const { stream = true, policy = 'lists' } = options
  const folder = await mkdtemp(join(tmpdir(), 'lists-'))
  keep({ close: () => rm(folder, { recursive: true }) })
  const path = join(folder, 'bundle.tar.gz')
  await copyFile(bundleOf(policy), path)
  const streams: ServerResponse[] = []
  const upstream = keep(
    await startRawUpstream(({ method, body }, response) => {
      if (method === 'GET' && !stream) return void response.writeHead(405).end('no')
      const asked = method === 'GET' ? { id: 0, method } : (JSON.parse(body.toString()) as Message)
      if (method === 'GET' || asked.method === 'subscriptions/listen') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        streams.push(response)
        return
      }
      const headers = { 'content-type': 'application/json', 'mcp-session-id': 's-1' }
      response.writeHead(200, headers)
      const result = results[asked.method] ?? {}
      response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result }))
    }),
  )
  const env = { UPSTREAM_URL: upstream.url, POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: path }
  const gateway = keep(await startTestGateway(env))

  const listener = async (asked: Promise<Response>): Promise<Listener> => {
    const reply = await asked
    const events = readEvents(reply)
    keep({ close: () => events.cancel().catch(() => undefined) })
    return { ...events, status: reply.status }
  }
  const message = (method: string, id: number, params: object, client?: string) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: client, version: '1' },
    }
    const shown = client === undefined ? params : { ...params, _meta }
    return JSON.stringify({ jsonrpc: '2.0', id, method, params: shown })
  }
  const modern = { 'mcp-protocol-version': '2026-07-28' }
  return {
    gateway,
    streams,
    ask: async ({ method, params = {}, session, client }) => {
      const reply = await gateway.post(message(method, 1, params, client), {
        ...(client === undefined ? {} : { ...modern, 'mcp-method': method }),
        ...(session === undefined ? {} : { 'mcp-session-id': session }),
      })
      return (await reply.json()) as Record<string, unknown>
    },
    listen: (headers = {}) =>
      listener(
        fetch(gateway.mcpUrl, {
          headers: { accept: 'text/event-stream', 'mcp-session-id': 's-1', ...headers },
        }),
      ),
    subscribe: (id, what, client = 'desk') => {
      const body = message('subscriptions/listen', id, { notifications: what }, client)
      const headers = { ...modern, 'mcp-method': 'subscriptions/listen', ...mcpHeaders }
      return listener(fetch(gateway.mcpUrl, { method: 'POST', body, headers }))
    },
    reload: async (next) => {
      await copyFile(bundleOf(next), path)
      await gateway.reload()
    },
  }
}

interface Message {
  readonly id: number
  readonly method: string
}

const changed = (list: string): object => ({
  jsonrpc: '2.0',
  method: `notifications/${list}/list_changed`,
})

/** A message of the server that shows that nothing came before it. */
const mark =
  'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}\n\n'
const marked = expect.objectContaining({ method: 'notifications/message' }) as unknown

describe('a session that listed', () => {
  test('is told once that policy changed what it is shown, and of no other list', async () => {
    const { ask, listen, reload, streams } = await openScene()
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    await ask({ method: 'resources/list', session: 's-1' })
    const client = await listen()
    await reload('lists-other')
    expect(await client.message()).toEqual(changed('tools'))
    streams[0]?.write(mark)
    expect(await client.message()).toEqual(marked)
    await reload('default-allow')
    expect(await client.message()).toEqual(changed('tools'))
  })

  test('is told where its stream is opened only after the change', async () => {
    const { ask, listen, reload } = await openScene()
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    await reload('lists-other')
    expect(await (await listen()).message()).toEqual(changed('tools'))
  })

  test('is told on one of its streams', async () => {
    const { ask, listen, reload, streams } = await openScene()
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    const [first, second] = [await listen(), await listen()]
    await reload('lists-other')
    expect(await second.message()).toEqual(changed('tools'))
    streams[0]?.write(mark)
    expect(await first.message()).toEqual(marked)
  })

  test('is not told where it was shown the same', async () => {
    const { ask, listen, reload, streams } = await openScene({ policy: 'default-allow' })
    await ask({ method: 'initialize' })
    await ask({ method: 'resources/list', session: 's-1' })
    const client = await listen()
    await reload('lists')
    streams[0]?.write(mark)
    expect(await client.message()).toEqual(marked)
  })

  test('is not told of what its handshake did not announce', async () => {
    const { ask, listen, reload, streams } = await openScene({ policy: 'default-allow' })
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    const client = await listen()
    await reload('lists')
    streams[0]?.write(mark)
    expect(await client.message()).toEqual(marked)
  })

  test('is told between the events of the server, whole and in order', async () => {
    const { ask, listen, reload, streams } = await openScene()
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    const client = await listen()
    streams[0]?.write(mark + mark.slice(0, 20))
    expect(await client.message()).toEqual(marked)
    await reload('lists-other')
    expect(await client.message()).toEqual(changed('tools'))
    streams[0]?.write(mark.slice(20))
    expect(await client.message()).toEqual(marked)
  })
})

test('a session that did not list is told nothing', async () => {
  const { ask, listen, reload, streams } = await openScene()
  await ask({ method: 'initialize' })
  await ask({ method: 'tools/list', session: 's-2' })
  const client = await listen()
  await reload('lists-other')
  streams[0]?.write(mark)
  expect(await client.message()).toEqual(marked)
})

describe('what the handshake announces', () => {
  test('is that the lists change, wherever policy filters lists', async () => {
    const { ask } = await openScene()
    expect(await ask({ method: 'initialize' })).toMatchObject({
      result: {
        capabilities: { tools: { listChanged: true }, resources: { listChanged: true } },
      },
    })
  })

  test('is what the server announces, where policy filters none', async () => {
    const { ask } = await openScene({ policy: 'default-allow' })
    const { result } = await ask({ method: 'initialize' })
    expect(result).toEqual(results['initialize'])
  })

  test('is kept by the gateway where the server opens no stream', async () => {
    const { ask, listen, reload } = await openScene({ stream: false })
    await ask({ method: 'initialize' })
    await ask({ method: 'tools/list', session: 's-1' })
    const client = await listen()
    expect(client.status).toBe(200)
    await reload('lists-other')
    expect(await client.message()).toEqual(changed('tools'))
  })

  test('and where the gateway announced nothing, the server’s 405 stays', async () => {
    const { ask, listen } = await openScene({ stream: false, policy: 'default-allow' })
    await ask({ method: 'initialize' })
    expect((await listen()).status).toBe(405)
  })
})

describe('a subscription of the modern era', () => {
  const acknowledge = (honoured: object): string => {
    const params = { notifications: honoured, _meta: {} }
    const method = 'notifications/subscriptions/acknowledged'
    return `data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`
  }
  const toldOf = (list: string, id: number): object => ({
    ...changed(list),
    params: { _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
  })

  test('is told what it asked for, also where only the gateway honours it', async () => {
    const { ask, subscribe, reload, streams } = await openScene()
    await ask({ method: 'tools/list', client: 'desk' })
    const client = await subscribe(7, { toolsListChanged: true })
    streams[0]?.write(acknowledge({}))
    expect(await client.message()).toMatchObject({
      params: { notifications: { toolsListChanged: true } },
    })
    await reload('lists-other')
    expect(await client.message()).toEqual(toldOf('tools', 7))
  })

  test('is told nothing before it was acknowledged', async () => {
    const { ask, subscribe, reload, streams } = await openScene()
    await ask({ method: 'tools/list', client: 'desk' })
    const client = await subscribe(7, { toolsListChanged: true })
    await reload('lists-other')
    streams[0]?.write(acknowledge({ toolsListChanged: true }))
    expect(await client.message()).toMatchObject({ params: { notifications: {} } })
    expect(await client.message()).toEqual(toldOf('tools', 7))
  })

  test('is told nothing that it did not ask for, nor what another client listed', async () => {
    const { ask, subscribe, reload, streams } = await openScene()
    await ask({ method: 'tools/list', client: 'desk' })
    const promptsOnly = await subscribe(1, { promptsListChanged: true })
    const another = await subscribe(2, { toolsListChanged: true }, 'phone')
    for (const stream of streams) stream.write(acknowledge({}))
    await Promise.all([promptsOnly.message(), another.message()])
    await reload('lists-other')
    for (const stream of streams) stream.write(mark)
    expect(await promptsOnly.message()).toEqual(marked)
    expect(await another.message()).toEqual(marked)
  })

  test('is acknowledged as the server does where policy filters nothing', async () => {
    const { subscribe, streams } = await openScene({ policy: 'default-allow' })
    const client = await subscribe(7, { toolsListChanged: true })
    streams[0]?.write(acknowledge({}))
    expect(await client.next()).toBe(acknowledge({}))
  })
})
