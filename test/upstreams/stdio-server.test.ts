import { afterEach, describe, expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import type { StdioServer } from '../../src/upstreams/stdio-server.js'
import {
  clientOf,
  initialize,
  messages,
  reader,
  scriptedServer,
  textOf,
  texts,
  type Said,
} from './stdio-scene.js'

const open: StdioServer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

function start(changes?: Parameters<typeof scriptedServer>[0]) {
  const scene = scriptedServer(changes)
  open.push(scene.server)
  return scene
}

describe('a server with one client', () => {
  test('is started at once, and serves either era without a session', async () => {
    const { server, seen } = start()
    expect(seen.pids).toHaveLength(1)
    const legacy = clientOf(server, 'legacy')
    const begun = await legacy.ask('0', 'initialize', initialize)
    expect(begun.headers.map(([name]) => name)).not.toContain('mcp-session-id')
    expect(await legacy.call('pid')).toBe(String(seen.pids[0]))
    expect(await clientOf(server, 'modern').call('pid')).toBe(String(seen.pids[0]))
  })

  test('carries requests of the server and their answers', async () => {
    const { server } = start()
    const client = clientOf(server, 'legacy')
    const next = reader(await client.ask('1', 'tools/call', { name: 'ask' }))
    expect(await next()).toContain('"id":"q-1"')
    await client.post('{"jsonrpc":"2.0","id":"q-1","result":{"action":"cancel"}}')
    expect(textOf(JSON.parse((await next()) ?? '') as Said)).toBe('{"action":"cancel"}')
  })

  test('carries what belongs to no request on the stream of the client that listens', async () => {
    const { server } = start()
    const client = clientOf(server, 'legacy')
    const next = reader(await client.listen())
    await client.call('change')
    expect(await next()).toContain('notifications/tools/list_changed')
  })

  test('carries the log of a single modern call, and subscriptions under the client’s id', async () => {
    const { server } = start()
    const client = clientOf(server, 'modern')
    const subscribed = await client.ask('"s"', 'subscriptions/listen')
    const [acknowledged] = [await reader(subscribed)()]
    expect(acknowledged).toContain('"io.modelcontextprotocol/subscriptionId":"s"')
    const [log] = await messages(await client.ask('1', 'tools/call', { name: 'log' }))
    expect(log).toMatchObject({ method: 'notifications/message' })
  })

  test('lets its client cancel, in either era', async () => {
    const { server } = start()
    const client = clientOf(server, 'legacy')
    void client.ask('"a"', 'tools/call', { name: 'never' }).catch(() => undefined)
    await client.notify('notifications/cancelled', { requestId: 'a' })
    expect(await client.call('cancelled')).toBe('[1]')
  })

  test('has no session to end', async () => {
    const { server } = start()
    const reply = await server.end({ session: undefined, headers: {} }, createLine())
    expect(reply.status).toBe(405)
  })

  test('that ends fails what is in flight, ends the stream and says how it ended', async () => {
    const { server, seen } = start()
    const client = clientOf(server, 'legacy')
    const listening = await client.listen()
    await expect(client.call('crash')).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(await server.ended).toEqual({ type: 'exited', code: 3 })
    expect(await texts(listening)).toEqual([])
    await expect(client.call('pid')).rejects.toMatchObject({ code: 'upstream_unavailable' })
    await expect(client.listen()).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(seen.pids).toHaveLength(1)
  })

  test('that cannot be started says so', async () => {
    const { server } = start({ command: 'no-such-server' })
    expect(await server.ended).toMatchObject({ type: 'unstarted' })
    await expect(clientOf(server, 'legacy').call('pid')).rejects.toMatchObject({
      code: 'upstream_unavailable',
    })
  })
})
