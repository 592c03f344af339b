import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createEventServer, event, readEvents, type EventServer } from '../support/event-server.js'
import { closedAfterEach } from '../support/opened.js'
import { startRawUpstream, type RawUpstream, type Received } from '../support/upstream.js'
import { send, type Json } from './caller.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()

const revision = '2026-07-28'
const meta = {
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
}
const offered = {
  resultType: 'complete',
  supportedVersions: [revision],
  capabilities: { tools: { listChanged: true } },
  ttlMs: 5000,
  cacheScope: 'public',
}

interface ModernServer {
  readonly upstream: RawUpstream
  /** The next stream of a subscription. */
  readonly stream: EventServer['stream']
  readonly subscriptions: () => unknown[]
}

/** A server of the modern era: it says what it offers, and the test writes its subscriptions. */
async function startModern(discovered: object = {}, refuses = false): Promise<ModernServer> {
  const events = createEventServer()
  const respond = (received: Received, response: ServerResponse): void => {
    const { method, id } = JSON.parse(received.body.toString()) as { method: string; id: unknown }
    const answer = (said: object): void => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }))
    }
    if (method === 'server/discover') answer({ result: { ...offered, ...discovered } })
    else if (refuses || method === 'initialize') answer({ error: { code: -32601, message: 'No' } })
    else void events.answer(received, response)
  }
  const upstream = keep(await startRawUpstream(respond))
  const posted = (): Json[] =>
    upstream.received.map(({ body }) => JSON.parse(body.toString()) as Json)
  return {
    upstream,
    stream: events.stream,
    subscriptions: () =>
      posted().flatMap(({ method, params }) =>
        method === 'subscriptions/listen' ? [(params as Json)['notifications']] : [],
      ),
  }
}

async function startBehind(a: ModernServer, b: ModernServer) {
  return keep(await startSeveral({ a: a.upstream.url, b: b.upstream.url }))
}

function ask(url: string, method: string, params: object = {}): Promise<Response> {
  return send(
    url,
    { jsonrpc: '2.0', id: 'sub', method, params: { ...params, _meta: meta } },
    { 'mcp-protocol-version': revision, 'mcp-method': method },
  )
}

const subscription = { 'io.modelcontextprotocol/subscriptionId': 'sub' }

function told(method: string, params: object = {}): string {
  return event(
    JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: subscription } }),
  )
}

const acknowledged = (notifications: object): string =>
  told('notifications/subscriptions/acknowledged', { notifications })

const filter = {
  toolsListChanged: true,
  promptsListChanged: true,
  resourceSubscriptions: ['portcullis:a/x:y', 'portcullis:b/x:z', 'x:nobody'],
}

async function subscribeToBoth() {
  const a = await startModern()
  const b = await startModern()
  const gateway = await startBehind(a, b)
  const answer = await ask(gateway.mcpUrl, 'subscriptions/listen', { notifications: filter })
  const events = readEvents(answer)
  const [toA, toB] = await Promise.all([a.stream(), b.stream()])
  toB.write(acknowledged({ promptsListChanged: true }))
  toB.write(told('notifications/prompts/list_changed'))
  toA.write(acknowledged({ toolsListChanged: true, resourceSubscriptions: ['x:y'] }))
  return { a, b, answer, events, toA, toB }
}

test('each server is asked for its part, and one acknowledgement of all comes first', async () => {
  const { a, b, events, toA } = await subscribeToBoth()
  expect(await events.message()).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: {
      notifications: {
        promptsListChanged: true,
        toolsListChanged: true,
        resourceSubscriptions: ['portcullis:a/x:y'],
      },
      _meta: subscription,
    },
  })
  expect(a.subscriptions()).toEqual([{ ...filter, resourceSubscriptions: ['x:y'] }])
  expect(b.subscriptions()).toEqual([{ ...filter, resourceSubscriptions: ['x:z'] }])
  expect(await events.message()).toMatchObject({ method: 'notifications/prompts/list_changed' })
  toA.write(told('notifications/resources/updated', { uri: 'x:y' }))
  expect(await events.message()).toMatchObject({
    params: { uri: 'portcullis:a/x:y', _meta: subscription },
  })
  await events.cancel()
})

test('only the servers whose resources it names are asked', async () => {
  const a = await startModern()
  const b = await startModern()
  const gateway = await startBehind(a, b)
  const notifications = { resourceSubscriptions: ['portcullis:b/x:z'] }
  const answer = await ask(gateway.mcpUrl, 'subscriptions/listen', { notifications })
  const toB = await b.stream()
  toB.write(acknowledged({ resourceSubscriptions: ['x:z'] }))
  const events = readEvents(answer)
  expect(await events.message()).toMatchObject({ params: { notifications } })
  expect(a.subscriptions()).toEqual([])
  await events.cancel()
})

test('a server whose stream ends is asked again, and the client is told that its lists may have changed', async () => {
  const { a, events, toA } = await subscribeToBoth()
  await events.next()
  await events.next()
  toA.end()
  const again = await a.stream()
  expect(await events.message()).toMatchObject({ method: 'notifications/tools/list_changed' })
  again.write(acknowledged({ toolsListChanged: true }))
  again.write(told('notifications/resources/updated', { uri: 'x:y' }))
  expect(await events.message()).toMatchObject({ method: 'notifications/resources/updated' })
  await events.cancel()
})

test('it ends when no server is left, as the one server would end it', async () => {
  const a = await startModern({}, true)
  const b = await startModern()
  const gateway = await startBehind(a, b)
  const answer = await ask(gateway.mcpUrl, 'subscriptions/listen', {
    notifications: { toolsListChanged: true },
  })
  const toB = await b.stream()
  toB.write(acknowledged({ toolsListChanged: true }))
  const events = readEvents(answer)
  expect(await events.message()).toMatchObject({
    params: { notifications: { toolsListChanged: true } },
  })
  const last = {
    jsonrpc: '2.0',
    id: 'sub',
    result: { resultType: 'complete', _meta: subscription },
  }
  toB.end(event(JSON.stringify(last)))
  expect(await events.message()).toEqual(last)
  expect(await events.next()).toBeUndefined()
})

test('where no server takes it the client hears what the first one says', async () => {
  const gateway = await startBehind(await startModern({}, true), await startModern({}, true))
  const answer = await ask(gateway.mcpUrl, 'subscriptions/listen', {
    notifications: { toolsListChanged: true },
  })
  expect(((await answer.json()) as Json).error?.code).toBe(-32601)
})

test('it ends at every server when the client hangs up', async () => {
  const { events, toA, toB } = await subscribeToBoth()
  const ended = [toA, toB].map((stream) => new Promise((resolve) => stream.once('close', resolve)))
  await events.cancel()
  await Promise.all(ended)
})

test('what all servers offer is one offer, kept no longer than any of them allows', async () => {
  const a = await startModern({ instructions: 'Do this.', ttlMs: 1000 })
  const b = await startModern({
    capabilities: { prompts: {} },
    cacheScope: 'private',
    supportedVersions: ['2099-01-01', revision],
  })
  const gateway = await startBehind(a, b)
  const answer = await ask(gateway.mcpUrl, 'server/discover')
  const { result = {} } = (await answer.json()) as Json
  expect(result).toMatchObject({
    resultType: 'complete',
    supportedVersions: [revision],
    capabilities: { tools: { listChanged: true }, prompts: {} },
    ttlMs: 1000,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'portcullis' } },
  })
  expect(result['instructions']).toContain('# a')
})
