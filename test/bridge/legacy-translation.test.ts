import type { ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import type { BridgeLimits } from '../../src/bridge/bridge.js'
import { closedAfterEach } from '../support/opened.js'
import { openBridge } from './scene.js'
import {
  event,
  initialize,
  legacyPost,
  refuse,
  reply,
  startModernScript,
  type Posted,
  type Script,
} from './scripted.js'

const keep = closedAfterEach()

async function bridged(script: Script, limits: Partial<BridgeLimits> = {}) {
  const server = keep(await startModernScript(script))
  const { url } = await openBridge(keep, server.url, limits)
  return { server, url }
}

const calls = ({ posted }: { posted: readonly Posted[] }) =>
  posted.filter(({ method }) => method === 'tools/call')

const call = (id: number, params = '{"name":"echo"}') =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`

test('numbers, unknown members and key order pass as they are spelled, in both directions', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(
      response,
      posted,
      '{"resultType":"complete","z":1e400, "content":[],"n":9007199254740993,"ttlMs":5}',
    ),
  )
  const session = await initialize(url)
  const params =
    '{"z":1e400,"name":"echo","arguments":{"n":9007199254740993},"_meta":{"progressToken":1}}'
  const answer = await legacyPost(url, session, call(1, params))
  expect(await answer.text()).toBe(
    '{"jsonrpc":"2.0","id":1,"result":{"z":1e400, "content":[],"n":9007199254740993}}',
  )
  expect(calls(server)[0]?.text).toContain(
    '"params":{"z":1e400,"name":"echo","arguments":{"n":9007199254740993},"_meta":{"progressToken":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28"',
  )
})

test('each request says what initialize said, in its envelope and headers', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(response, posted, '{"resultType":"complete","content":[]}'),
  )
  const session = await initialize(url, '{"sampling":{},"roots":{"listChanged":true},"tasks":{}}')
  await (await legacyPost(url, session, call(1, '{"name":"größe"}'))).text()
  expect(calls(server)[0]?.params?.['_meta']).toEqual({
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { sampling: {}, roots: {} },
  })
  expect(server.received.at(-1)?.headers).toMatchObject({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': '=?base64?Z3LDtsOfZQ==?=',
  })
  expect(server.received.at(-1)?.headers).not.toHaveProperty('mcp-session-id')
})

test('a session is of use at every replica, until it has ended', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(response, posted, '{"resultType":"complete","content":[]}'),
  )
  const other = await openBridge(keep, server.url)
  const session = await initialize(url)
  expect((await legacyPost(other.url, session, call(1))).status).toBe(200)
  const ended = await fetch(url, { method: 'DELETE', headers: { 'mcp-session-id': session } })
  expect(ended.status).toBe(200)
  expect((await legacyPost(url, session, call(2))).status).toBe(404)
})

test.each([
  'nobody',
  'bridged.',
  'bridged.e30',
  `bridged.${Buffer.from('[]').toString('base64url')}`,
])('a session id that was never issued is not found: %s', async (session) => {
  const { url } = await bridged(() => undefined)
  const answer = await legacyPost(url, session, call(1))
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ id: 1, error: { code: -32001 } })
})

test('a client with very much to say of itself gets an id of bearable length', async () => {
  const { url } = await bridged(() => undefined)
  const much = JSON.stringify({ sampling: {}, experimental: { x: { y: 'z'.repeat(5000) } } })
  const session = await initialize(url, much)
  expect(session.length).toBeLessThan(1000)
  expect((await legacyPost(url, session, '{"jsonrpc":"2.0","id":1,"method":"ping"}')).status).toBe(
    200,
  )
})

test('what a modern server refuses with a status of its era is an error with status 200', async () => {
  const { url } = await bridged((_posted, response) => refuse(response, 404, -32601, 'No such'))
  const session = await initialize(url)
  const answer = await legacyPost(url, session, call(9))
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ id: 9, error: { code: -32601 } })
})

interface Open {
  readonly posted: Posted
  readonly response: ServerResponse
}

/** The messages of an event stream as they come. */
async function* messagesOf(response: Response): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data) as Record<string, unknown>
    }
  }
}

const question = {
  resultType: 'input_required',
  inputRequests: { a: { method: 'sampling/createMessage', params: { maxTokens: 1 } } },
  requestState: 'opaque "state"',
}

test('the server gets its state and the answer back, byte for byte', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(
      response,
      posted,
      posted.params?.['requestState'] === undefined
        ? question
        : '{"resultType":"complete","content":[]}',
    ),
  )
  const session = await initialize(url, '{"sampling":{}}')
  const stream = messagesOf(await legacyPost(url, session, call(4)))
  const asked = (await stream.next()).value as { id: string; method: string }
  expect(asked.method).toBe('sampling/createMessage')
  const answer = `{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":{"n":9007199254740993}}`
  expect((await legacyPost(url, session, answer)).status).toBe(202)
  expect((await stream.next()).value).toEqual({ jsonrpc: '2.0', id: 4, result: { content: [] } })
  const retry = calls(server)[1]
  expect(retry?.params).toMatchObject({ name: 'echo', requestState: 'opaque "state"' })
  expect(retry?.text).toContain('"inputResponses":{"a":{"n":9007199254740993}}')
})

test('the answer of another session is none', async () => {
  const { server, url } = await bridged((posted, response) => reply(response, posted, question))
  const mine = await initialize(url, '{"sampling":{}}')
  const theirs = await initialize(url, '{"sampling":{}}')
  const stream = messagesOf(await legacyPost(url, mine, call(4)))
  const asked = (await stream.next()).value as { id: string }
  const answer = `{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":{}}`
  expect((await legacyPost(url, theirs, answer)).status).toBe(202)
  expect(calls(server)).toHaveLength(1)
  await legacyPost(url, mine, answer)
  expect((await stream.next()).value).toMatchObject({ method: 'sampling/createMessage' })
  expect(calls(server)).toHaveLength(2)
})

test('a server that asks without an end is stopped', async () => {
  const { url } = await bridged((posted, response) => reply(response, posted, question), {
    rounds: 2,
  })
  const session = await initialize(url, '{"sampling":{}}')
  let last: Record<string, unknown> = {}
  for await (const message of messagesOf(await legacyPost(url, session, call(4)))) {
    last = message
    if (message['method'] === undefined) continue
    const id = JSON.stringify(message['id'])
    await legacyPost(url, session, `{"jsonrpc":"2.0","id":${id},"result":{}}`)
  }
  expect(last).toMatchObject({ id: 4, result: { isError: true } })
})

test('a client that takes too long has its call fail, and its question withdrawn', async () => {
  const { url } = await bridged((posted, response) => reply(response, posted, question), {
    answerMs: 1,
  })
  const session = await initialize(url, '{"sampling":{}}')
  const seen: Record<string, unknown>[] = []
  for await (const message of messagesOf(await legacyPost(url, session, call(4))))
    seen.push(message)
  expect(seen).toMatchObject([
    { method: 'sampling/createMessage' },
    { method: 'notifications/cancelled', params: { requestId: seen[0]?.['id'] } },
    { id: 4, result: { isError: true } },
  ])
})

test('a cancelled call is hung up on the server, and has no answer', async () => {
  const open: Open[] = []
  const { url } = await bridged((posted, response) => {
    open.push({ posted, response })
    event(response, { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } })
  })
  const session = await initialize(url)
  const stream = messagesOf(await legacyPost(url, session, call(4)))
  await stream.next()
  const closed = new Promise((resolve) => open[0]?.response.once('close', resolve))
  const cancel = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}'
  expect((await legacyPost(url, session, cancel)).status).toBe(202)
  await closed
  expect((await stream.next()).done).toBe(true)
})

test('a result of a kind that the older era has not is an error', async () => {
  const { url } = await bridged((posted, response) =>
    reply(response, posted, { resultType: 'task', taskId: 't' }),
  )
  const session = await initialize(url)
  expect(await (await legacyPost(url, session, call(1))).json()).toMatchObject({
    error: { code: -32603 },
  })
})

test('one stream a session, as servers of the legacy era have it', async () => {
  const { url } = await bridged(() => undefined)
  const session = await initialize(url)
  const headers = { 'mcp-session-id': session, accept: 'text/event-stream' }
  const gone = new AbortController()
  const first = await fetch(url, { headers, signal: gone.signal })
  expect(first.status).toBe(200)
  expect((await fetch(url, { headers })).status).toBe(409)
  gone.abort()
  await vi.waitFor(
    async () => {
      const again = new AbortController()
      const { status } = await fetch(url, { headers, signal: again.signal })
      again.abort()
      expect(status).toBe(200)
    },
    { interval: 5 },
  )
})

test('an argument that a modern server has mirrored is mirrored', async () => {
  const properties = { city: { type: 'string', 'x-mcp-header': 'City' } }
  const tools = [{ name: 'echo', inputSchema: { type: 'object', properties } }]
  const complete: Script = (posted, response) =>
    reply(response, posted, { resultType: 'complete', content: [] })
  const server = keep(await startModernScript(complete, tools))
  const { url } = await openBridge(keep, server.url)
  const session = await initialize(url)
  const params = '{"name":"echo","arguments":{"city":"Köln"}}'
  await (await legacyPost(url, session, call(1, params))).text()
  expect(server.received.at(-1)?.headers).toMatchObject({ 'mcp-param-city': '=?base64?S8O2bG4=?=' })
})
