import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Answer } from '../../src/domain/answer.js'
import { GatewayError } from '../../src/domain/errors.js'
import { createReplyBody, type BodyFeed } from '../../src/domain/reply-body.js'
import { createDoorkeeper } from '../../src/http/admission.js'
import { createExchanges } from '../../src/http/exchanges.js'
import { createMcpServer } from '../../src/http/server.js'
import { createIdentity } from '../../src/identity/identity.js'
import { openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'
import { closedAfterEach } from '../support/opened.js'
import { readEvents } from '../support/event-server.js'

const keep = closedAfterEach()

/** A door behind which every request gets the stream that the test feeds. */
async function openDoor({ terminated = true, type = 'text/event-stream' } = {}) {
  const ignore = (): void => undefined
  const feed: BodyFeed = createReplyBody({ pause: ignore, resume: ignore, abort: ignore })
  const headers = [['content-type', type]] as const
  const answer: Answer = { type: 'piped', status: 200, headers, chunks: feed.body }
  const pipeline = {
    handle: () => Promise.resolve({ answer, calls: [] }),
    listen: () => Promise.resolve(answer),
    end: () => Promise.resolve(answer),
  }
  const sessions = createSessions(openSeal)
  const route = { paths: ['/mcp'], pipeline, sessions, server: 'here', terminated }
  const door = createMcpServer(
    { maxBodyBytes: 1_000_000, routes: [route], silenceMs: 5 },
    {
      doorkeeper: createDoorkeeper({ allowedHosts: ['127.0.0.1'], allowedOrigins: [] }),
      exchanges: createExchanges(),
      identity: createIdentity({ modes: ['none'], trustedProxies: [] }),
      telling: { style: 'http', detail: 'full' },
      events: { ended: () => undefined, requestRefused: () => undefined },
      now: Date.now,
      newId: randomUUID,
    },
  )
  const url = `${await door.listen({ host: '127.0.0.1', port: 0 })}/mcp`
  keep({
    close: async () => {
      door.cutOff()
      await door.close()
    },
  })
  return { url, feed }
}

const session = {
  'mcp-session-id': 's',
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
}

const call = (url: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: session,
    body: '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x"}}',
  })

const down = new GatewayError('upstream_unavailable', 'It is gone')
const alive = ': alive\n\n'

test.each(['GET', 'POST'])('a silent stream of the gateway’s own lives (%s)', async (method) => {
  const { url, feed } = await openDoor()
  const reply = method === 'GET' ? await fetch(url, { headers: session }) : await call(url)
  const events = readEvents(reply)
  expect(await events.next()).toBe(alive)
  expect(await events.next()).toBe(alive)
  feed.push(Buffer.from('data: {}\n\n'))
  for (let next = await events.next(); next !== 'data: {}\n\n'; next = await events.next()) {
    expect(next).toBe(alive)
  }
  expect(await events.next()).toBe(alive)
  feed.end()
})

test('nothing comes between the halves of an event', async () => {
  const { url, feed } = await openDoor()
  const events = readEvents(await call(url))
  feed.push(Buffer.from('data: {"a":\n'))
  // Another stream of the same age shows that the time has come.
  const other = await openDoor()
  const signs = readEvents(await call(other.url))
  for (let sign = 0; sign < 3; sign += 1) expect(await signs.next()).toBe(alive)
  feed.push(Buffer.from('data: 1}\n\n'))
  let heard = await events.next()
  while (heard === alive) heard = await events.next()
  expect(heard).toBe('data: {"a":\ndata: 1}\n\n')
})

test('the stream of a call that fails ends with an error', async () => {
  const { url, feed } = await openDoor()
  const events = readEvents(await call(url))
  feed.push(Buffer.from('data: {}\n\n'))
  feed.fail(down)
  let heard = await events.next()
  while (heard === alive || heard === 'data: {}\n\n') heard = await events.next()
  expect(heard).toBe(
    'data: {"jsonrpc":"2.0","id":"a","error":{"code":502,"message":"upstream_unavailable"}}\n\n',
  )
  expect(await events.next()).toBeUndefined()
})

test.each([
  ['in the middle of an event', 'POST', 'data: {"a"'],
  ['where nobody asked anything', 'GET', 'data: {}\n\n'],
])('a stream that fails %s breaks off', async (_where, method, before) => {
  const { url, feed } = await openDoor()
  feed.push(Buffer.from(before))
  const reply = method === 'GET' ? await fetch(url, { headers: session }) : await call(url)
  feed.fail(down)
  await expect(reply.text()).rejects.toThrow('terminated')
})

test.each([
  ['of an upstream', { terminated: false }],
  ['that is no event stream', { type: 'application/json' }],
])('a reply %s is left as it is', async (_what, options) => {
  const { url, feed } = await openDoor(options)
  const other = await openDoor()
  const reply = await call(url)
  const signs = readEvents(await call(other.url))
  for (let sign = 0; sign < 3; sign += 1) await signs.next()
  feed.push(Buffer.from('{}'))
  feed.end()
  expect(await reply.text()).toBe('{}')
})

test('a client that reads nothing is sent no signs', async () => {
  const { url, feed } = await openDoor()
  const sent = request(url, { method: 'GET', headers: session })
  sent.end()
  const [reply] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
  reply.pause()
  feed.push(Buffer.from(`data: ${'x'.repeat(20_000_000)}\n\n`))
  const other = await openDoor()
  const signs = readEvents(await call(other.url))
  for (let sign = 0; sign < 5; sign += 1) await signs.next()
  let text = ''
  reply.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('latin1')).slice(-100)
  })
  reply.resume()
  feed.end()
  await once(reply, 'end')
  expect(text).toMatch(/^x+\n\n(?:: alive\n\n)?$/)
})
