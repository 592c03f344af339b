import { afterEach, describe, expect, test } from 'vitest'
import { createLine } from '../../src/domain/hang-up.js'
import type { ProbedUpstream } from '../../src/domain/ports.js'
import type { Reply } from '../../src/domain/reply.js'
import { envelopeKeys } from '../../src/wire/eras.js'
import {
  bodyOf,
  callOf,
  clientOf,
  enveloped,
  headerOf,
  messages,
  reader,
  scriptedUpstream,
  type Said,
} from './stdio-scene.js'

const open: ProbedUpstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

type Changes = Parameters<typeof scriptedUpstream>[1]

function start(changes?: Changes) {
  const scene = scriptedUpstream(['modern'], { era: 'modern', ...changes })
  open.push(scene.upstream)
  return { ...scene, client: clientOf(scene.upstream, 'modern') }
}

async function said(next: () => Promise<string | undefined>): Promise<Said> {
  return JSON.parse((await next()) ?? 'null') as Said
}

const never = { name: 'never' }
const withLog = { _meta: { [envelopeKeys.logLevel]: 'info' } }

describe('the modern era', () => {
  test('has one child for all clients, started by the first call', async () => {
    const { upstream, seen, client } = start()
    expect(seen.pids).toEqual([])
    const other = clientOf(upstream, 'modern')
    const pids = [await client.call('pid'), await other.call('pid'), await other.call('pid')]
    expect(new Set(pids)).toEqual(new Set(seen.pids.map(String)))
    expect(seen.pids).toHaveLength(1)
  })

  test('has no sessions: no header, nothing to listen to', async () => {
    const { client } = start()
    const reply = await client.ask('1', 'server/discover')
    expect(headerOf(reply, 'mcp-session-id')).toBeUndefined()
    const listening = await client.listen()
    expect(listening.status).toBe(405)
    expect(headerOf(listening, 'allow')).toBe('POST')
  })

  test('gives everybody the answer to their own call, whatever ids they chose', async () => {
    const { upstream } = start()
    const texts = ['a', 'b', 'c', 'd']
    const answers = texts.map((text) => clientOf(upstream, 'modern').call('echo', { text }))
    expect(await Promise.all(answers)).toEqual(texts)
    const hold = { name: 'hold', arguments: { until: 3 } }
    const ids = ['2', '"2"', '2']
    const replies = ids.map((id) => clientOf(upstream, 'modern').ask(id, 'tools/call', hold))
    const bodies = await Promise.all(replies.map(async (reply) => bodyOf(await reply)))
    expect(bodies.map((body) => /"id":([^,]*),/.exec(body)?.[1])).toEqual(ids)
  })

  test('gives everybody the progress of their own call, whatever tokens they chose', async () => {
    const { upstream } = start()
    const ask = (token: string, times: number): Promise<Reply> =>
      upstream.send(
        callOf(
          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${JSON.stringify(
            enveloped({ name: 'progress', arguments: { times } }, { progressToken: '#' }),
          ).replace('"#"', token)}}`,
          'modern',
        ),
        createLine(),
      )
    const [one, two] = await Promise.all([ask('1', 2), ask('1', 3)])
    for (const [reply, times] of [[one, 2] as const, [two, 3] as const]) {
      const all = await messages(reply)
      expect(all).toHaveLength(times + 1)
      for (const { params } of all.slice(0, -1)) expect(params).toMatchObject({ progressToken: 1 })
    }
    const [spelled] = await messages(await ask('"\\u0061"', 1))
    expect(spelled?.params).toMatchObject({ progressToken: 'a' })
  })

  test('gives a log message only where a single request can be meant', async () => {
    const { client, seen } = start()
    const log = { name: 'log', ...withLog }
    const [first] = await messages(await client.ask('1', 'tools/call', log))
    expect(first).toMatchObject({ method: 'notifications/message' })
    void client.ask('2', 'tools/call', { ...never, ...withLog }).catch(() => undefined)
    const reply = await client.ask('3', 'tools/call', log)
    expect(reply.form).toBe('json')
    expect(seen.dropped).toEqual(['unattributed'])
  })

  test('never gives a log message to a request that asked for none', async () => {
    const { client, seen } = start()
    void client.ask('1', 'tools/call', never).catch(() => undefined)
    const [first] = await messages(await client.ask('2', 'tools/call', { name: 'log', ...withLog }))
    expect(first).toMatchObject({ method: 'notifications/message' })
    const reply = await client.ask('3', 'tools/call', { name: 'log' })
    expect(reply.form).toBe('json')
    expect(seen.dropped).toEqual(['unattributed'])
  })

  test('counts what was cancelled and not answered among those that can be meant', async () => {
    const { client, seen } = start()
    const line = createLine()
    const left = client.ask('1', 'tools/call', { ...never, ...withLog }, line)
    await client.call('echo', { text: 'behind' })
    line.hangUp()
    await expect(left).rejects.toThrow()
    const reply = await client.ask('2', 'tools/call', { name: 'log', ...withLog })
    expect(reply.form).toBe('json')
    expect(seen.dropped).toEqual(['unattributed'])
  })

  test('answers a request of the child itself, for no client is meant', async () => {
    const { client } = start()
    expect(JSON.parse(await client.call('ask'))).toMatchObject({ code: -32601 })
  })

  test('gives errors of the protocol the statuses that belong to them', async () => {
    const { client } = start()
    expect((await client.ask('1', 'unknown/method')).status).toBe(404)
    expect((await client.ask('1', 'tools/call', { name: 'unknown' })).status).toBe(200)
    const lacking = await client.ask('1', 'tools/call', { name: 'incapable' })
    expect(lacking.status).toBe(400)
  })

  test('lets nothing of the handshake era reach the child that all share', async () => {
    const { client, upstream, seen } = start()
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe']) {
      const reply = await client.ask('"a"', method, { uri: 'file:///a' })
      expect(reply.status).toBe(404)
      expect(JSON.parse(await bodyOf(reply))).toMatchObject({ id: 'a', error: { code: -32601 } })
    }
    const bare = '{"jsonrpc":"2.0","method":"notifications/unknown"}'
    expect((await upstream.send(callOf(bare, 'modern'), createLine())).status).toBe(202)
    expect((await client.notify('notifications/initialized')).status).toBe(202)
    expect(seen.pids).toEqual([])
  })

  test('takes notifications, but lets nobody cancel under another’s id', async () => {
    const { client } = start()
    void client.ask('7', 'tools/call', never).catch(() => undefined)
    const reply = await client.notify('notifications/cancelled', { requestId: 7 })
    expect(reply.status).toBe(202)
    expect(await client.call('cancelled')).toBe('[]')
  })
})

describe('a caller that hangs up', () => {
  test('cancels its call under the id that the child knows', async () => {
    const { client } = start()
    const line = createLine()
    const left = client.ask('"mine"', 'tools/call', never, line)
    const received = JSON.parse(await client.call('received')) as { id: number }
    line.hangUp()
    await expect(left).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(await client.call('cancelled')).toBe(JSON.stringify([received.id - 1]))
  })

  test('cancels a call that streams already', async () => {
    const { client } = start()
    const line = createLine()
    const reply = await client.ask('1', 'subscriptions/listen', {}, line)
    const next = reader(reply)
    await next()
    await next()
    line.hangUp()
    await expect(next()).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(await client.call('cancelled')).toBe('[1]')
  })

  test('has sent nothing where it hung up before', async () => {
    const { client, seen } = start()
    const line = createLine()
    line.hangUp()
    await expect(client.ask('1', 'tools/call', never, line)).rejects.toThrow()
    expect(await client.call('received')).toContain('"id":1,')
    expect(seen.pids).toHaveLength(1)
  })
})

describe('a subscription', () => {
  const subscriptionId = 'io.modelcontextprotocol/subscriptionId'

  test('gets what names it, under the id of its caller', async () => {
    const { upstream } = start()
    const clients = ['"s"', '5'].map((id) =>
      clientOf(upstream, 'modern').ask(id, 'subscriptions/listen'),
    )
    const readers = (await Promise.all(clients)).map(reader)
    for (const [next, id] of [[readers[0], 's'] as const, [readers[1], 5] as const]) {
      const messages = [await said(next ?? nothing), await said(next ?? nothing)]
      expect(messages.map(({ method }) => method)).toEqual([
        'notifications/subscriptions/acknowledged',
        'notifications/tools/list_changed',
      ])
      for (const { params } of messages) expect(params?.['_meta']).toEqual({ [subscriptionId]: id })
    }
  })

  test('ends with the result that names it', async () => {
    const { client } = start()
    const all = await messages(await client.ask('"s"', 'subscriptions/listen', { end: 'result' }))
    expect(all.at(-1)).toEqual({
      jsonrpc: '2.0',
      id: 's',
      result: { _meta: { [subscriptionId]: 's' } },
    })
  })

  test('ends when the child cancels it', async () => {
    const { client } = start()
    const all = await messages(await client.ask('"s"', 'subscriptions/listen', { end: 'cancel' }))
    expect(all.at(-1)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: 's' },
    })
  })
})

describe('the shared child', () => {
  test('that ends fails every call in flight, and is started again after a while', async () => {
    const { client, seen } = start()
    const waiting = client.ask('1', 'tools/call', never)
    const crash = client.ask('2', 'tools/call', { name: 'crash', arguments: {} })
    for (const call of [waiting, crash]) {
      await expect(call).rejects.toMatchObject({
        code: 'upstream_unavailable',
        reached: 'upstream',
      })
    }
    await expect(client.call('pid')).rejects.toMatchObject({
      code: 'upstream_unavailable',
      reached: 'nobody',
    })
    const pid = await untilStarted(() => client.call('pid'))
    expect(seen.pids).toHaveLength(2)
    expect(pid).toBe(String(seen.pids[1]))
  })

  test('that cannot live is started ever more rarely', async () => {
    const { client, seen } = start({ args: ['-e', 'process.exit(7)'] })
    const waits: number[] = []
    for (let i = 0; i < 3; i += 1) {
      const from = performance.now()
      await expect(untilStarted(() => client.call('pid'))).rejects.toThrow('code 7')
      waits.push(performance.now() - from)
    }
    expect(waits[1]).toBeGreaterThanOrEqual(100)
    expect(waits[2]).toBeGreaterThanOrEqual(200)
    expect(seen.pids).toHaveLength(3)
  })

  test('goes on where a client does not read: only that client loses its reply', async () => {
    const { upstream, client } = start()
    const reply = await client.ask('1', 'tools/call', {
      name: 'flood',
      arguments: { times: 100, bytes: 100_000 },
      _meta: { progressToken: 1 },
    })
    const other = clientOf(upstream, 'modern')
    expect(await other.call('echo', { text: 'here' })).toBe('here')
    expect(await other.call('cancelled')).toBe('[1]')
    await expect(messages(reply)).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })

  test.each(['big', 'bigIdFirst', 'bigIdBeforeLast'])(
    'that gives too long an answer fails that call, and goes on (%s)',
    async (tool) => {
      const { client, seen } = start({ maxMessageBytes: 1_000_000 })
      const pid = await client.call('pid')
      const held = client.call('hold', { until: 2 })
      await expect(client.call(tool, { bytes: 5_000_000 })).rejects.toMatchObject({
        code: 'upstream_invalid',
      })
      expect(await client.call('hold', { until: 2 })).toBe('let go')
      expect(await held).toBe('let go')
      expect(await client.call('pid')).toBe(pid)
      expect(seen.ends).toEqual([])
    },
  )

  test.each([
    ['a message that is too long and not an answer', 'bigQuestion', 5_000_000],
    ['an answer without an end', 'big', 20_000_000],
  ])('that sends %s fails what is in flight, and ends', async (_what, tool, bytes) => {
    const { client, seen } = start({ maxMessageBytes: 1_000_000 })
    const waiting = client.ask('1', 'tools/call', never)
    const big = client.call(tool, { bytes })
    for (const call of [waiting, big]) {
      await expect(call).rejects.toMatchObject({ code: 'upstream_invalid' })
    }
    await seen.ended(1)
  })

  test('has no more than so much put on it by calls that it never answers', async () => {
    const { client } = start()
    const padding = 'x'.repeat(8_000_000)
    const put = (): Promise<Reply> =>
      client.ask('1', 'tools/call', { name: 'never', arguments: { padding } })
    for (let times = 0; times < 8; times += 1) {
      put().catch(() => undefined)
      // Behind it, so that it has been read by then.
      await client.call('echo', { text: 'read' })
    }
    await expect(put()).rejects.toMatchObject({ code: 'overloaded', reached: 'nobody' })
    expect(await client.call('echo', { text: 'well' })).toBe('well')
  })

  test('may send long messages where they are allowed', async () => {
    const { client } = start()
    expect((await client.call('big', { bytes: 9_000_000 })).length).toBe(9_000_000)
  })

  test('gets no call once the upstream is closed', async () => {
    const { upstream, client } = start()
    await client.call('pid')
    await upstream.close()
    await expect(client.call('pid')).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })
})

/** Repeats what fails because the child may not be started again yet. */
async function untilStarted<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await attempt()
    } catch (thrown) {
      if (!(thrown instanceof Error) || !thrown.message.includes('shortly')) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined)
