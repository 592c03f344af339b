import { afterEach, describe, expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import type { ProbedUpstream } from '../../src/domain/ports.js'
import {
  begin,
  bodyOf,
  clientOf,
  headerOf,
  initialize,
  messages,
  reader,
  scriptedUpstream,
  sessionOf,
  textOf,
  texts,
  type Said,
} from './stdio-scene.js'

const open: ProbedUpstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

type Changes = Parameters<typeof scriptedUpstream>[1]

function start(changes?: Changes) {
  const scene = scriptedUpstream(['legacy'], changes)
  open.push(scene.upstream)
  return scene
}

async function said(next: () => Promise<string | undefined>): Promise<Said> {
  return JSON.parse((await next()) ?? 'null') as Said
}

describe('a session', () => {
  test('begins with initialize, in a child of its own, under an id that names the replica', async () => {
    const { upstream, seen } = start()
    const first = await clientOf(upstream, 'legacy').ask('0', 'initialize', initialize)
    const second = await clientOf(upstream, 'legacy').ask('0', 'initialize', initialize)
    expect(first).toMatchObject({ status: 200, form: 'json' })
    const ids = [first, second].map((reply) => headerOf(reply, 'mcp-session-id'))
    for (const id of ids) expect(id).toMatch(/^r1~[\w-]{32}$/)
    expect(new Set(ids).size).toBe(2)
    expect(seen.pids).toHaveLength(2)
    const clients = [first, second].map((reply) => clientOf(upstream, 'legacy', sessionOf(reply)))
    expect(await Promise.all(clients.map((client) => client.call('pid')))).toEqual(
      seen.pids.map(String),
    )
  })

  test('whose initialize fails is none, and its child ends', async () => {
    const { upstream, seen } = start()
    const clientInfo = { name: 'unwelcome', version: '1' }
    const reply = await clientOf(upstream, 'legacy').ask('0', 'initialize', {
      ...initialize,
      clientInfo,
    })
    expect(reply.status).toBe(200)
    expect(headerOf(reply, 'mcp-session-id')).toBeUndefined()
    expect(JSON.parse(await bodyOf(reply))).toMatchObject({ id: 0, error: { code: -32602 } })
    await seen.ended(1)
  })

  test('has its id in the headers also where its reply is a stream', async () => {
    const program = `
      const write = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        write({ method: 'notifications/message', params: { level: 'info', data: 'starting' } })
        write({ id: JSON.parse(line).id, result: { protocolVersion: '2025-11-25' } })
      })`
    const { upstream } = start({ args: ['-e', program] })
    const reply = await clientOf(upstream, 'legacy').ask('0', 'initialize', initialize)
    expect(reply.form).toBe('events')
    expect(headerOf(reply, 'mcp-session-id')).toMatch(/^r1~/)
    expect((await messages(reply)).at(-1)).toMatchObject({ id: 0 })
  })

  test('is needed for everything but initialize', async () => {
    const { upstream, seen } = start()
    const client = clientOf(upstream, 'legacy')
    for (const reply of [await client.ask('1', 'ping'), await client.notify('notifications/x')]) {
      expect(reply.status).toBe(400)
      expect(JSON.parse(await bodyOf(reply))).toMatchObject({ id: null, error: { code: -32000 } })
    }
    expect(seen.pids).toEqual([])
  })

  test('that is unknown gets the 404 that makes a client begin again', async () => {
    const { upstream, seen } = start()
    const client = clientOf(upstream, 'legacy', { id: '', upstreamId: 'r1~unknown' })
    const asked = [
      await client.ask('1', 'tools/call', { name: 'pid' }),
      await client.ask('2', 'initialize', initialize),
      await client.notify('notifications/initialized'),
      await client.post('{"jsonrpc":"2.0","id":1,"result":{}}'),
      await client.listen(),
      await upstream.end(client.stream, createLine()),
    ]
    for (const reply of asked) {
      expect(reply.status).toBe(404)
      expect(JSON.parse(await bodyOf(reply))).toMatchObject({
        id: null,
        error: { code: -32001, message: 'Session not found' },
      })
    }
    expect(seen.pids).toEqual([])
  })

  test('cannot be initialized again', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.ask('9', 'initialize', initialize)
    expect(reply.status).toBe(400)
    expect(JSON.parse(await bodyOf(reply))).toMatchObject({ error: { code: -32600 } })
  })

  test('ends with DELETE: its calls fail, its stream ends, its child is gone', async () => {
    const { upstream, seen } = start()
    const client = await begin(upstream)
    const listening = await client.listen()
    const waiting = client.ask('1', 'tools/call', { name: 'never' })
    const reply = await upstream.end(client.stream, createLine())
    expect(reply.status).toBe(200)
    await expect(waiting).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(await texts(listening)).toEqual([])
    expect((await client.ask('2', 'ping')).status).toBe(404)
    await seen.ended(1)
    expect(seen.ends).toEqual([{ pid: seen.pids[0], outcome: 0, expected: true }])
  })

  test('ends when nothing happens in it and nobody listens', async () => {
    const { upstream, seen } = start({ limits: { idleMs: 50 } })
    const idle = await begin(upstream)
    const busy = await begin(upstream)
    await busy.listen()
    await seen.ended(1)
    expect(seen.ends.map(({ pid }) => pid)).toEqual([seen.pids[0]])
    expect((await idle.ask('1', 'ping')).status).toBe(404)
    expect(await busy.call('echo', { text: 'here' })).toBe('here')
  })

  test('is refused where there are as many as may be', async () => {
    const { upstream } = start({ limits: { maxSessions: 1 } })
    const client = await begin(upstream)
    await expect(begin(upstream)).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('1 sessions'),
    })
    expect(await client.call('echo', { text: 'here' })).toBe('here')
  })

  test('whose child ends in mid-call fails the call, and is no session any more', async () => {
    const { upstream, seen } = start()
    const client = await begin(upstream)
    const other = await begin(upstream)
    const listening = await client.listen()
    const crash = client.ask('1', 'tools/call', { name: 'crash', arguments: {} })
    await expect(crash).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('code 3'),
    })
    expect(await texts(listening)).toEqual([])
    expect((await client.ask('2', 'ping')).status).toBe(404)
    expect(seen.ends).toEqual([{ pid: seen.pids[0], outcome: 3, expected: false }])
    expect(await other.call('echo', { text: 'here' })).toBe('here')
  })

  test('whose child ends while a reply streams breaks the stream off, not in silence', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.ask('1', 'tools/call', { name: 'crash', arguments: { after: true } })
    const next = reader(reply)
    expect(await said(next)).toMatchObject({ method: 'notifications/message' })
    await expect(next()).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })
})

describe('a request', () => {
  test('reaches the child with every byte but its id, and on one line', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.post(
      '{ "jsonrpc":"2.0",\n "params":{"name":"received","arguments":{"id":"x","n":9007199254740993,"f":1.0}},\r\n "method":"tools/call", "id":"a\\u0062" , "x": 1e400 }',
    )
    const text = await bodyOf(reply)
    expect(text).toContain('"id":"a\\u0062"')
    expect(textOf(JSON.parse(text) as Said)).toMatch(
      /^\{ "jsonrpc":"2\.0", {2}"params":\{"name":"received","arguments":\{"id":"x","n":9007199254740993,"f":1\.0\}\}, {3}"method":"tools\/call", "id":\d+ , "x": 1e400 \}$/,
    )
  })

  test('gets its answer under the id as its caller spelled it, also beside one with the same id', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const hold = { name: 'hold', arguments: { until: 3 } }
    const replies = await Promise.all(
      ['7', '7', '"7"'].map((id) => client.ask(id, 'tools/call', hold)),
    )
    const bodies = await Promise.all(replies.map(bodyOf))
    expect(bodies.map((body) => /"id":([^,]*),/.exec(body)?.[1])).toEqual(['7', '7', '"7"'])
  })

  test('that is answered first of all gets JSON', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.ask('1', 'tools/call', { name: 'echo', arguments: { text: 'a' } })
    expect(reply).toMatchObject({ status: 200, form: 'json' })
    expect(headerOf(reply, 'content-type')).toBe('application/json')
  })

  test('gets an event stream once something comes before the answer', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.ask('1', 'tools/call', {
      name: 'progress',
      arguments: { times: 2 },
      _meta: { progressToken: 'mine' },
    })
    expect(reply).toMatchObject({ status: 200, form: 'events' })
    const [first, second, last, ...more] = await messages(reply)
    expect(first?.params).toEqual({ progressToken: 'mine', progress: 1 })
    expect(second?.params).toEqual({ progressToken: 'mine', progress: 2 })
    expect(last).toMatchObject({ id: 1 })
    expect(more).toEqual([])
  })

  test('of an error keeps the status that a legacy server would give', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.ask('1', 'unknown/method')
    expect(reply.status).toBe(200)
    expect(JSON.parse(await bodyOf(reply))).toMatchObject({ id: 1, error: { code: -32601 } })
  })

  test('whose answer can be read in two ways fails at once', async () => {
    const { upstream, seen } = start()
    const client = await begin(upstream)
    const twofold = client.ask('1', 'tools/call', { name: 'twofold' })
    await expect(twofold).rejects.toMatchObject({ code: 'upstream_invalid' })
    expect(seen.dropped).toEqual(['ambiguous'])
  })

  test('whose caller hangs up is not cancelled, and its answer goes nowhere', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const line = createLine()
    const hold = { name: 'hold', arguments: { until: 2 } }
    const left = client.ask('1', 'tools/call', hold, line)
    line.hangUp()
    await expect(left).rejects.toMatchObject({ code: 'upstream_unavailable' })
    const reply = await client.ask('1', 'tools/call', hold)
    expect(await bodyOf(reply)).toContain('let go')
    expect(await client.call('cancelled')).toBe('[]')
  })

  test('that the client cancels is cancelled under the id that the child knows', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    void client.ask('"mine"', 'tools/call', { name: 'never' }).catch(() => undefined)
    const received = await client.call('received')
    const lastId = (JSON.parse(received) as { id: number }).id
    const reply = await client.notify('notifications/cancelled', { requestId: 'mine' })
    expect(reply.status).toBe(202)
    await client.notify('notifications/cancelled', { requestId: 'unknown' })
    expect(await client.call('cancelled')).toBe(JSON.stringify([lastId - 1]))
  })
})

describe('a message that belongs to no request', () => {
  test('goes to the only request in flight', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const [first, last] = await messages(await client.ask('1', 'tools/call', { name: 'log' }))
    expect(first).toMatchObject({ method: 'notifications/message' })
    expect(last).toMatchObject({ id: 1 })
  })

  test('goes to the client that listens', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const reply = await client.listen()
    expect(reply).toMatchObject({ status: 200, form: 'events' })
    expect(await client.call('change')).toBe('changed')
    expect(await said(reader(reply))).toMatchObject({ method: 'notifications/tools/list_changed' })
  })

  test('waits until a client listens', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    await client.call('change')
    // Its notification is on its way; what is answered next comes behind it.
    const next = reader(await client.listen())
    expect(await said(next)).toMatchObject({ method: 'notifications/tools/list_changed' })
  })

  test('waits until there is a request to carry it', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    expect(await client.call('askLater')).toBe('soon')
    const reply = await client.ask('2', 'tools/call', { name: 'hold', arguments: { until: 2 } })
    const next = reader(reply)
    expect(await said(next)).toMatchObject({ id: 'q-2', method: 'roots/list' })
  })

  test('on a stream of its own gets only one reader', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const line = createLine()
    const first = await client.listen(line)
    const second = await client.listen()
    expect(second.status).toBe(409)
    expect(JSON.parse(await bodyOf(second))).toMatchObject({ error: { code: -32000 } })
    line.hangUp()
    expect(await texts(first)).toEqual([])
    expect((await client.listen()).status).toBe(200)
  })
})

describe('a request of the child', () => {
  test('reaches the client, and its answer the child, as they are', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const next = reader(await client.ask('1', 'tools/call', { name: 'ask' }))
    expect(await said(next)).toMatchObject({ id: 'q-1', method: 'elicitation/create' })
    const reply = await client.post('{"jsonrpc":"2.0","id":"q-1","result":{"action":"accept"}}')
    expect(reply.status).toBe(202)
    expect(textOf(await said(next))).toBe('{"action":"accept"}')
  })

  test('can be answered in the client’s name', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const next = reader(await client.ask('1', 'tools/call', { name: 'ask' }))
    await next()
    const declined = Buffer.from('{"jsonrpc":"2.0","id":"q-1","result":{"action":"decline"}}')
    await upstream.answer(client.stream, declined)
    expect(textOf(await said(next))).toBe('{"action":"decline"}')
  })

  test('that nobody can be shown is answered with an error', async () => {
    const { upstream, seen } = start({ limits: { patienceMs: 20 } })
    const client = await begin(upstream)
    await client.call('askLater')
    expect(await seen.said('answered')).toContain('"code":503')
  })

  test('that can be read in two ways is answered with an error', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const answer = await client.call('twofoldQuestion')
    expect(JSON.parse(answer)).toMatchObject({ code: -32600 })
  })
})

describe('a client that does not read', () => {
  test('stops only its own child, until it reads', async () => {
    const { upstream } = start()
    const client = await begin(upstream)
    const other = await begin(upstream)
    const times = 200
    const reply = await client.ask('1', 'tools/call', {
      name: 'flood',
      arguments: { times, bytes: 100_000 },
      _meta: { progressToken: 1 },
    })
    let isAnswered = false
    const behind = client.call('echo', { text: 'behind' }).finally(() => {
      isAnswered = true
    })
    for (let i = 0; i < 100; i += 1) await other.call('echo', { text: 'here' })
    expect(isAnswered).toBe(false)
    const all = await messages(reply)
    expect(await behind).toBe('behind')
    expect(all).toHaveLength(times + 1)
    expect(all.at(-1)).toMatchObject({ id: 1 })
  })
})
