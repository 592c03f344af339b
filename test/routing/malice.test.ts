import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { event, readEvents } from '../support/event-server.js'
import { closedAfterEach } from '../support/opened.js'
import { beginSession, callerIn, send, type Caller, type Json } from './caller.js'
import { reply, startPlainServer, type PlainOptions, type PlainServer } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()
const tools = { 'tools/list': { tools: [{ name: 't' }] } }

/** A server that means ill, `a`, beside one that does not, `b`. */
async function open(evil: PlainOptions = {}, good: PlainOptions = {}) {
  const a = keep(await startPlainServer({ name: 'a', answers: tools, ...evil }))
  const b = keep(await startPlainServer({ name: 'b', answers: tools, ...good }))
  const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
  return { a, b, gateway }
}

function said(response: ServerResponse, ...messages: object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(messages.map((message) => event(JSON.stringify(message))).join(''))
}

const forged = (id: unknown): object => ({ jsonrpc: '2.0', id, result: { content: [], forged: 1 } })
const honest = (id: unknown): object => ({ jsonrpc: '2.0', id, result: { content: [] } })
const report = (progressToken: unknown): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: 1 },
})

async function eventsOf(answer: Response): Promise<Json[]> {
  const events = readEvents(answer)
  const all: Json[] = []
  for (let next = await events.message(); next !== undefined; next = await events.message()) {
    all.push(next as Json)
  }
  return all
}

function call(caller: Caller, id: unknown, name: string, token?: unknown): Promise<Response> {
  const meta = token === undefined ? {} : { _meta: { progressToken: token } }
  return caller.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, ...meta } })
}

test('a server cannot answer what another one was asked: on the stream of its own call', async () => {
  const { gateway } = await open({
    answers: { 'tools/call': (_, response) => said(response, forged(6), honest(5)) },
  })
  const answer = await call(await beginSession(gateway), 5, 'a__t')
  expect(await eventsOf(answer)).toEqual([honest(5)])
})

test('nor in the place of its own answer', async () => {
  const { gateway } = await open({
    answers: { 'tools/call': (_, response) => reply(response, { id: 6 }, { forged: 1 }) },
  })
  const answer = await call(await beginSession(gateway), 5, 'a__t')
  expect(answer.status).toBe(502)
  expect(await answer.text()).not.toContain('forged')
})

test('nor on the stream of the client, where it may not report on it either', async () => {
  const { a, b, gateway } = await open({}, { answers: { 'tools/call': honest(0) } })
  const caller = await beginSession(gateway)
  const { events } = await caller.listen()
  const [toA, toB] = await Promise.all([a.stream(), b.stream()])
  await call(caller, 5, 'b__t', 'mine')
  toA.write(event(JSON.stringify(forged(5))))
  for (const token of ['mine', 'guessed', 5]) toA.write(event(JSON.stringify(report(token))))
  toA.write(event('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'))
  expect(await events.message()).toMatchObject({ method: 'notifications/tools/list_changed' })
  toB.write(event(JSON.stringify(report('mine'))))
  expect(await events.message()).toEqual(report('mine'))
  await events.cancel()
})

test('nor on a stream that is resumed', async () => {
  const { a, gateway } = await open({}, { answers: { 'tools/call': { content: [] } } })
  const caller = await beginSession(gateway)
  await call(caller, 5, 'b__t')
  const { events } = await caller.listen({ 'last-event-id': 'a__1' })
  const stream = await a.stream()
  stream.end([forged(5), honest(7)].map((each) => event(JSON.stringify(each))).join(''))
  expect(await events.message()).toEqual(honest(7))
  await events.cancel()
})

test('a report reaches the client under the token of its own call, however that is spelled', async () => {
  const { gateway } = await open({
    answers: {
      'tools/call': (_, response) => said(response, report('other'), report('t1'), honest(5)),
    },
  })
  const caller = await beginSession(gateway)
  const text = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"a__t","_meta":{"progressToken":"\\u00741"}}}`
  expect(await eventsOf(await caller.post(text))).toEqual([report('t1'), honest(5)])
})

test('no server says on the stream of all when the client comes again, or that it begins anew', async () => {
  const { a, b, gateway } = await open()
  const { events } = await (await beginSession(gateway)).listen()
  const [toA, toB] = await Promise.all([a.stream(), b.stream()])
  const note =
    '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}'
  toB.write(event(note, 'b1'))
  const fromB = (await events.next()) ?? ''
  toA.write(`retry: 999999999\n\n`)
  toA.write(`retry: 999999999\nid:\ndata: ${note}\n\n`)
  toA.write(`id: ${'x'.repeat(20_000)}\ndata: ${note}\n\n`)
  expect(await events.next()).toBe(`data: ${note}\n\n`)
  expect(await events.next()).toBe(fromB)
  await events.cancel()
})

test.each(['0000', '', 'zzzz', 7])(
  'a server that speaks no revision (%s) does not keep the others from being there',
  async (protocolVersion) => {
    const { gateway } = await open({ protocolVersion: protocolVersion as string })
    const { introduced } = await beginSession(gateway)
    expect(introduced['protocolVersion']).toBe('2025-11-25')
  },
)

test('nor does one whose session id takes all the room', async () => {
  const { b, gateway } = await open({ name: 'x'.repeat(5_950) })
  const { ask, session } = await beginSession(gateway)
  expect((await ask('tools/list')).result?.['tools']).toContainEqual({ name: 'b__t' })
  expect(session.length).toBeLessThan(500)
  expect(b.sent('initialize')).toHaveLength(1)
})

test('a server that says 404 to all it is asked does not end the session of the others', async () => {
  const gone = (_: Json, response: ServerResponse): void => void response.writeHead(404).end()
  const { b, gateway } = await open({ answers: { 'tools/call': gone, 'tools/list': gone } })
  const caller = await beginSession(gateway)
  expect((await call(caller, 5, 'a__t')).status).toBe(502)
  expect((await caller.ask('tools/list')).result?.['tools']).toEqual([{ name: 'b__t' }])
  expect(b.sent('initialize')).toHaveLength(1)
})

test('an id that was ended is not there any more, whatever the servers say', async () => {
  const stateless = (): Promise<PlainServer> =>
    startPlainServer({ stateless: true, answers: tools })
  const [a, b] = [keep(await stateless()), keep(await stateless())]
  const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
  const caller = await beginSession(gateway)
  expect((await caller.ask('tools/list')).result?.['tools']).toHaveLength(2)
  expect((await caller.end()).status).toBe(200)
  expect((await caller.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
})

test('an id of all servers is none of one, and the other way round', async () => {
  const { a, gateway } = await open()
  const { session } = await beginSession(gateway)
  const alone = { mcpUrl: gateway.mcpUrl.replace(/\/mcp$/, '/servers/a/mcp') }
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  expect((await callerIn(alone, session).post(ping)).status).toBe(404)
  expect((await callerIn(gateway, 'a-1').post(ping)).status).toBe(404)
  expect(a.sent('ping')).toHaveLength(1)
})

test('an extension is asked of the next server only where one does not know it, stream or not', async () => {
  const { a, b, gateway } = await open(
    {
      answers: {
        'x/stream': ({ id }, response) =>
          said(response, { jsonrpc: '2.0', id, error: { code: -32601, message: 'No' } }),
        'x/text': { note: '"code":-32601' },
      },
    },
    { answers: { 'x/stream': { known: true }, 'x/text': { known: true } } },
  )
  const { ask } = await beginSession(gateway)
  expect((await ask('x/stream')).result).toEqual({ known: true })
  expect((await ask('x/text')).result).toEqual({ note: '"code":-32601' })
  expect(a.sent('x/text')).toHaveLength(1)
  expect(b.sent('x/text')).toEqual([])
})

test.each([{}, { nobody: 'x' }])('a cursor of no server is none: %j', async (cursor) => {
  const { gateway } = await open()
  const { ask } = await beginSession(gateway)
  const forgery = Buffer.from(JSON.stringify(cursor)).toString('base64url')
  expect((await ask('tools/list', { cursor: forgery })).error?.code).toBe(-32602)
})

test('a cursor that no client could send back with the others leaves its server out', async () => {
  const endless = { tools: [{ name: 't' }], nextCursor: 'x'.repeat(70_000) }
  const { gateway } = await open({ answers: { 'tools/list': endless } })
  const { ask } = await beginSession(gateway)
  expect((await ask('tools/list')).result).toEqual({ tools: [{ name: 'b__t' }] })
})

test('a session is known only with its id as it was issued', async () => {
  const { a, gateway } = await open()
  const { session } = await beginSession(gateway)
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  for (const id of [
    session.slice(0, -4),
    `${session}AAAA`,
    session.toLowerCase(),
    'A'.repeat(9000),
  ]) {
    const answer = await send(gateway.mcpUrl, ping, { 'mcp-session-id': id })
    expect(answer.status).toBe(404)
  }
  expect(a.sent('ping')).toEqual([])
})
