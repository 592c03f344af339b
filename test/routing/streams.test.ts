import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { elicitation, note } from '../support/stream-scene.js'
import { event } from '../support/event-server.js'
import { closedAfterEach } from '../support/opened.js'
import { beginSession } from './caller.js'
import { reply, startPlainServer, type PlainOptions } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()

async function open(one: PlainOptions = {}, other: PlainOptions = {}) {
  const a = keep(await startPlainServer({ name: 'a', ...one }))
  const b = keep(await startPlainServer({ name: 'b', ...other }))
  const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
  return { a, b, gateway }
}

const listChanged = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'

/** Resolves when the other side of a stream is gone. */
function gone(stream: ServerResponse): Promise<unknown> {
  return new Promise((resolve) => stream.once('close', resolve))
}

describe('the stream of a client (GET)', () => {
  test('carries what every server says, and answers go back to whoever asked', async () => {
    const { a, b, gateway } = await open()
    const caller = await beginSession(gateway)
    const { reply: headers, events } = await caller.listen()
    expect(headers.headers.get('content-type')).toBe('text/event-stream')
    const [toA, toB] = await Promise.all([a.stream(), b.stream()])
    toA.write(event(note('"from a"')))
    expect(await events.message()).toEqual(JSON.parse(note('"from a"')))
    toB.write(event(elicitation))
    const asked = (await events.message()) as { id: string; method: string }
    expect(asked).toMatchObject({ id: 'b__"e1"', method: 'elicitation/create' })
    toA.write(event(elicitation.replace('"e1"', '7')))
    expect(await events.message()).toMatchObject({ id: 'a__7' })

    const answer = { jsonrpc: '2.0', id: asked.id, result: { action: 'decline' } }
    expect((await caller.post(answer)).status).toBe(202)
    expect((await caller.post({ ...answer, id: 'a__7' })).status).toBe(202)
    expect(b.sent('response').map(({ text }) => text)).toEqual([
      '{"jsonrpc":"2.0","id":"e1","result":{"action":"decline"}}',
    ])
    expect(a.sent('response').map(({ text }) => text)).toEqual([
      '{"jsonrpc":"2.0","id":7,"result":{"action":"decline"}}',
    ])
    await events.cancel()
  })

  test('ends at every server when the client hangs up', async () => {
    const { a, b, gateway } = await open()
    const { events } = await (await beginSession(gateway)).listen()
    const streams = await Promise.all([a.stream(), b.stream()])
    const ended = streams.map(gone)
    await events.cancel()
    await Promise.all(ended)
  })

  test('is there where one server has one, and not where none has', async () => {
    const one = await open({ streams: false })
    const { reply: opened, events } = await (await beginSession(one.gateway)).listen()
    expect(opened.status).toBe(200)
    await events.cancel()
    const none = await open({ streams: false }, { streams: false })
    const { reply: refused } = await (await beginSession(none.gateway)).listen()
    expect(refused.status).toBe(405)
  })

  test('outlives that of a server, which is opened again where it was', async () => {
    const { a, b, gateway } = await open()
    const { events } = await (await beginSession(gateway)).listen()
    const [toA] = await Promise.all([a.stream(), b.stream()])
    toA.write(event(note('1'), 'a-event'))
    await events.next()
    toA.end()
    const again = await a.stream()
    again.write(event(listChanged))
    expect(await events.message()).toEqual(JSON.parse(listChanged))
    const gets = a.received.filter(({ method }) => method === 'GET')
    expect(gets.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'a-event'])
    await events.cancel()
  })

  test('goes on at every server where the client left it', async () => {
    const { a, b, gateway } = await open()
    const caller = await beginSession(gateway)
    const { events } = await caller.listen()
    const [toA, toB] = await Promise.all([a.stream(), b.stream()])
    toA.write(event(note('1'), 'a/1'))
    await events.next()
    toB.write(event(note('2'), 'b_2'))
    const last = /^id: (.*)$/m.exec((await events.next()) ?? '')?.[1] ?? ''
    await events.cancel()
    const resumed = await caller.listen({ 'last-event-id': last })
    await Promise.all([a.stream(), b.stream()])
    const lastOf = (server: typeof a) => server.received.at(-1)?.headers['last-event-id']
    expect(lastOf(a)).toBe('a/1')
    expect(lastOf(b)).toBe('b_2')
    await resumed.events.cancel()
  })

  test('goes on where a server has lost the session', async () => {
    const { a, b, gateway } = await open()
    const { events } = await (await beginSession(gateway)).listen()
    const [toA] = await Promise.all([a.stream(), b.stream()])
    a.forget()
    toA.end()
    const again = await a.stream()
    again.write(event(listChanged))
    expect(await events.message()).toEqual(JSON.parse(listChanged))
    expect(a.sent('initialize')).toHaveLength(2)
    await events.cancel()
  })

  test('tells of a server that was away: its lists are new', async () => {
    const { a, b, gateway } = await open()
    a.become('away')
    const { events } = await (await beginSession(gateway)).listen()
    await b.stream()
    a.become('up')
    expect(await events.message()).toEqual(JSON.parse(listChanged))
    await a.stream()
    await events.cancel()
  })
})

describe('the stream of a call', () => {
  const slow: PlainOptions = {
    answers: {
      'tools/call': (_json, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(event(note('"begun"'), 'e1'))
      },
    },
  }
  const call = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'a__t' } }

  test('is resumed at its server', async () => {
    const { a, b, gateway } = await open(slow)
    const caller = await beginSession(gateway)
    const answer = await caller.post(call)
    const reader = answer.body?.getReader()
    const chunk = Buffer.from((await reader?.read())?.value ?? [])
    expect(chunk.toString()).toContain('\nid: a__e1\n')
    await reader?.cancel()
    const { events } = await caller.listen({ 'last-event-id': 'a__e1' })
    const stream = await a.stream()
    const link = '{"type":"resource_link","uri":"x:y"}'
    stream.end(event(`{"jsonrpc":"2.0","id":5,"result":{"content":[${link}]}}`, 'e2'))
    const rest = await events.next()
    expect(rest).toContain('id: a__e2')
    expect(rest).toContain('"uri":"portcullis:a/x:y"')
    expect(await events.next()).toBeUndefined()
    expect(a.received.at(-1)?.headers['last-event-id']).toBe('e1')
    expect(b.received.filter(({ method }) => method === 'GET')).toEqual([])
  })

  test('ends at its server when the client hangs up', async () => {
    let ended: Promise<unknown> | undefined
    const { gateway } = await open({
      answers: {
        'tools/call': (_json, response) => {
          ended = gone(response)
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(event(note('"begun"')))
        },
      },
    })
    const answer = await (await beginSession(gateway)).post(call)
    const reader = answer.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await ended
  })

  test('is cancelled at its server only', async () => {
    const { a, b, gateway } = await open(slow)
    const caller = await beginSession(gateway)
    const answer = await caller.post(call)
    const cancelled = (requestId: unknown): object => ({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId },
    })
    expect((await caller.post(cancelled(5))).status).toBe(202)
    expect(a.sent('notifications/cancelled')).toHaveLength(1)
    expect(b.sent('notifications/cancelled')).toEqual([])
    await caller.post(cancelled('5'))
    expect(b.sent('notifications/cancelled')).toHaveLength(1)
    await answer.body?.cancel()
  })
})

describe('an answer to nobody', () => {
  test.each([['7'], ['nobody__7'], ['a__7,"method":"tools/call"'], ['a__{}'], [7]])(
    'goes nowhere: %s',
    async (id) => {
      const { a, b, gateway } = await open()
      const caller = await beginSession(gateway)
      expect((await caller.post({ jsonrpc: '2.0', id, result: {} })).status).toBe(202)
      for (const server of [a, b]) {
        expect(server.methods()).toEqual(['initialize', 'notifications/initialized'])
      }
    },
  )
})

test('a report on a request of a server goes to that server, with its own token', async () => {
  const { a, b, gateway } = await open()
  const caller = await beginSession(gateway)
  await caller.post({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 'b__"t"', progress: 1 },
  })
  expect(a.sent('notifications/progress')).toEqual([])
  expect(b.sent('notifications/progress')[0]?.json['params']).toEqual({
    progressToken: 't',
    progress: 1,
  })
  await caller.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
  for (const server of [a, b]) {
    expect(server.sent('notifications/roots/list_changed')).toHaveLength(1)
  }
})

test('a method of an extension goes to the first server that knows it, or to the one it names', async () => {
  const skills: PlainOptions = {
    answers: { 'skills/list': (json, response) => reply(response, json, { skills: [] }) },
  }
  const { a, b, gateway } = await open({}, skills)
  const { ask } = await beginSession(gateway)
  expect((await ask('skills/list')).result).toEqual({ skills: [] })
  expect(a.sent('skills/list')).toHaveLength(1)
  expect((await ask('skills/list', { name: 'b__x' })).result).toEqual({ skills: [] })
  expect(b.sent('skills/list')[1]?.json['params']).toEqual({ name: 'x' })
  expect(a.sent('skills/list')).toHaveLength(1)
  expect((await ask('nobody/knows')).error?.code).toBe(-32601)
})
