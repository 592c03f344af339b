import { expect, test, vi } from 'vitest'
import { closedAfterEach } from '../support/opened.js'
import { openBridge } from './scene.js'
import {
  event,
  legacyPost,
  modernPost,
  reply,
  startLegacyScript,
  type Posted,
  type Script,
} from './scripted.js'
import type { ServerResponse } from 'node:http'
import type { BridgeLimits } from '../../src/bridge/bridge.js'

const keep = closedAfterEach()

async function bridged(script: Script, limits: Partial<BridgeLimits> = {}) {
  const server = keep(await startLegacyScript(script))
  const { url } = await openBridge(keep, server.url, limits)
  return { server, url }
}

const calls = ({ posted }: { posted: readonly Posted[] }) =>
  posted.filter(({ method }) => method === 'tools/call')

const form = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } }
const able = '{"elicitation":{},"sampling":{},"roots":{}}'

test('numbers, unknown members and key order pass as they are spelled, in both directions', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(response, posted, '{ "z":1e400, "content":[],"a":9007199254740993,"_meta":{"x":1.0} }'),
  )
  const params = '{"z":1e400,"name":"echo","arguments":{"n":9007199254740993,"m":-0}}'
  const answer = await modernPost(url, { method: 'tools/call', params })
  expect(await answer.text()).toBe(
    '{"jsonrpc":"2.0","id":1,"result":{ "z":1e400, "content":[],"a":9007199254740993,"_meta":{"x":1.0} ,"resultType":"complete"}}',
  )
  expect(calls(server)[0]?.text).toBe(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"z":1e400,"name":"echo","arguments":{"n":9007199254740993,"m":-0}}}',
  )
})

test('of _meta only the envelope stays behind', async () => {
  const { server, url } = await bridged((posted, response) => reply(response, posted, '{}'))
  const meta = ',"progressToken":7,"traceparent":"00-x"'
  await (await modernPost(url, { method: 'tools/list', meta })).text()
  expect(server.posted.at(-1)?.text).toContain('"_meta":{"progressToken":7,"traceparent":"00-x"}')
})

test('lists are given out as nobody’s to keep', async () => {
  const { url } = await bridged((posted, response) => reply(response, posted, '{"tools":[]}'))
  const answer = (await (await modernPost(url, { method: 'tools/list' })).json()) as object
  expect(answer).toMatchObject({
    result: { tools: [], resultType: 'complete', ttlMs: 0, cacheScope: 'private' },
  })
})

test.each([
  ['ping', 404, -32601],
  ['initialize', 404, -32601],
  ['tasks/list', 404, -32601],
])('%s is none of its methods', async (method, status, code) => {
  const { url } = await bridged((posted, response) => reply(response, posted, '{}'))
  const answer = await modernPost(url, { method })
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ id: 1, error: { code } })
})

test('each principal has sessions of its own', async () => {
  const { server, url } = await bridged((posted, response) => reply(response, posted, '{}'))
  for (const user of ['alice', 'bob', 'alice']) {
    await (await modernPost(url, { method: 'tools/list', user })).text()
  }
  const lists = server.posted.filter(({ method }) => method === 'tools/list')
  const [first, second, third] = lists.map(({ session }) => session)
  expect(second).not.toBe(first)
  expect(third).toBe(first)
})

test('two calls under one id do not meet in one session', async () => {
  const waiting: { posted: Posted; response: ServerResponse }[] = []
  const { url } = await bridged((posted, response) => void waiting.push({ posted, response }))
  const both = [1, 2].map(() => modernPost(url, { method: 'tools/call', params: '{"name":"a"}' }))
  await vi.waitFor(() => expect(waiting).toHaveLength(2), { interval: 2 })
  expect(waiting[0]?.posted.session).not.toBe(waiting[1]?.posted.session)
  for (const { posted, response } of waiting) reply(response, posted, '{"content":[]}')
  await Promise.all(both)
})

/** Asks for a name, and answers with what it was told. */
const asking: Script = (() => {
  const open = new Map<unknown, { posted: Posted; response: ServerResponse }>()
  return (posted, response) => {
    if (posted.method === undefined) {
      const asked = open.get(posted.session)
      if (asked === undefined) return
      const told = posted.error === undefined ? posted.result : posted.error
      event(asked.response, { id: asked.posted.id, result: { content: [], told } })
      asked.response.end()
      return
    }
    open.set(posted.session, { posted, response })
    event(response, { id: 77, method: 'elicitation/create', params: form })
  }
})()

async function messageIn(
  response: Response,
): Promise<{ result?: Record<string, unknown>; error?: object }> {
  const text = await response.text()
  return JSON.parse(text.replace(/^(?:.*\n)*data: /, '').trim()) as never
}

const ask = { method: 'tools/call', params: '{"name":"ask"}', capabilities: able }
const retry = (state: unknown, more = '') => ({
  ...ask,
  id: 2,
  params: `{"name":"ask","requestState":${JSON.stringify(state)},"inputResponses":{"request-1":{"action":"accept","n":9007199254740993}}${more}}`,
})

test('an answer reaches the waiting call, whose result has the id of the retry', async () => {
  const { server, url } = await bridged(asking)
  const first = await messageIn(await modernPost(url, ask))
  expect(first.result).toMatchObject({
    resultType: 'input_required',
    inputRequests: { 'request-1': { method: 'elicitation/create', params: form } },
  })
  const second = await messageIn(await modernPost(url, retry(first.result?.['requestState'])))
  expect(second).toMatchObject({ id: 2, result: { told: { action: 'accept' } } })
  expect(server.posted.find(({ result }) => result !== undefined)?.text).toContain(
    '9007199254740993',
  )
  expect(calls(server)).toHaveLength(1)
})

test('a state is of use to nobody else, for no other call, and only once', async () => {
  const { url } = await bridged(asking)
  const first = await messageIn(await modernPost(url, { ...ask, user: 'alice' }))
  const state = first.result?.['requestState']
  const expired = { error: { code: -32602 } }
  const tried = async (asked: object) =>
    messageIn(await modernPost(url, { ...retry(state), user: 'alice', ...asked }))
  expect(await tried({ user: 'bob' })).toMatchObject(expired)
  expect(
    await tried({ params: `{"name":"other","requestState":"${String(state)}"}` }),
  ).toMatchObject(expired)
  expect(
    await tried({ params: `{"name":"ask","arguments":{"a":1},"requestState":"${String(state)}"}` }),
  ).toMatchObject(expired)
  expect(await tried({ params: '{"name":"ask","requestState":7}' })).toMatchObject(expired)
  expect(await tried({})).toMatchObject({ result: { told: { action: 'accept' } } })
  expect(await tried({})).toMatchObject(expired)
})

test('what was left unanswered is asked again', async () => {
  const { url } = await bridged(asking)
  const first = await messageIn(await modernPost(url, ask))
  const state = JSON.stringify(first.result?.['requestState'])
  const params = `{"name":"ask","inputResponses":{"other":{}},"requestState":${state}}`
  const again = await messageIn(await modernPost(url, { ...ask, id: 3, params }))
  expect(again.result).toMatchObject({ inputRequests: { 'request-1': {} } })
  const last = await messageIn(await modernPost(url, retry(again.result?.['requestState'])))
  expect(last.result).toMatchObject({ told: { action: 'accept' } })
})

test.each([
  ['of another kind', '{"roots":[]}'],
  ['of two kinds', '{"action":"accept","roots":[]}'],
  ['of no kind', '{"n":1}'],
  ['no object', '"accept"'],
])('an answer %s is none, as policy did not see one', async (_what, answer) => {
  const { server, url } = await bridged(asking)
  const first = await messageIn(await modernPost(url, ask))
  const state = JSON.stringify(first.result?.['requestState'])
  const params = `{"name":"ask","inputResponses":{"request-1":${answer}},"requestState":${state}}`
  const again = await messageIn(await modernPost(url, { ...ask, id: 3, params }))
  expect(again.result).toMatchObject({ inputRequests: { 'request-1': {} } })
  expect(server.posted.filter(({ result }) => result !== undefined)).toEqual([])
})

test('the order and spelling of the arguments do not make another call', async () => {
  const { url } = await bridged(asking)
  const askWith = (args: string, more = '') => ({
    ...ask,
    params: `{"name":"ask","arguments":${args}${more}}`,
  })
  const first = await messageIn(await modernPost(url, askWith('{"a":1.0,"b":"\\u0061"}')))
  const state = JSON.stringify(first.result?.['requestState'])
  const more = `,"requestState":${state},"inputResponses":{"request-1":{"action":"accept"}}`
  const second = await messageIn(await modernPost(url, askWith('{"b":"a", "a":1}', more)))
  expect(second.result).toMatchObject({ told: { action: 'accept' } })
})

test('a client that cannot answer is not asked, and the server is told so', async () => {
  const { url } = await bridged(asking)
  const answer = await messageIn(await modernPost(url, { ...ask, capabilities: '{}' }))
  expect(answer.result).toMatchObject({ told: { code: -32601 } })
})

test('what a server asks at once is asked at once', async () => {
  const { url } = await bridged((posted, response) => {
    if (posted.method === undefined) return
    event(response, { id: 'a', method: 'elicitation/create', params: form })
    event(response, { id: 'b', method: 'roots/list' })
  })
  const { result } = await messageIn(await modernPost(url, ask))
  expect(result?.['inputRequests']).toEqual({
    'request-1': { method: 'elicitation/create', params: form },
    'request-2': { method: 'roots/list' },
  })
})

test('a call whose client does not come back is cancelled at the server', async () => {
  const { server, url } = await bridged(asking, { parkedMs: 1 })
  await (await modernPost(url, ask)).text()
  await vi.waitFor(
    () => {
      const told = server.posted.find(({ method }) => method === 'notifications/cancelled')
      expect(told?.params).toEqual({ requestId: 1 })
    },
    { interval: 2 },
  )
})

test('a client that hangs up cancels its call at the server', async () => {
  const gone = new AbortController()
  const { server, url } = await bridged(() => gone.abort())
  const call = modernPost(url, { ...ask, id: 5, signal: gone.signal })
  await expect(call).rejects.toThrow()
  await vi.waitFor(
    () => {
      const told = server.posted.find(({ method }) => method === 'notifications/cancelled')
      expect(told?.params).toEqual({ requestId: 5 })
    },
    { interval: 2 },
  )
})

test('a lost session is begun anew, and the call made once more', async () => {
  let lost = true
  const { server, url } = await bridged((posted, response) => {
    if (lost) {
      lost = false
      response.writeHead(404).end()
    } else reply(response, posted, '{"content":[]}')
  })
  const answer = await modernPost(url, { method: 'tools/call', params: '{"name":"a"}' })
  expect(answer.status).toBe(200)
  const [first, second] = calls(server).map(({ session }) => session)
  expect(second).not.toBe(first)
})

test('the server logs at the level that the request names, and else not to it', async () => {
  const { server, url } = await bridged((posted, response) => {
    if (posted.method === 'logging/setLevel') {
      reply(response, posted, '{}')
      return
    }
    event(response, { method: 'notifications/message', params: { level: 'info', data: 'x' } })
    event(response, { id: posted.id, result: {} })
    response.end()
  })
  const quiet = await modernPost(url, { method: 'tools/list' })
  expect(await quiet.text()).not.toContain('notifications/message')
  const meta = ',"io.modelcontextprotocol/logLevel":"info"'
  const logged = await modernPost(url, { method: 'tools/list', meta })
  expect(await logged.text()).toContain('notifications/message')
  const levels = server.posted.filter(({ method }) => method === 'logging/setLevel')
  expect(levels.map(({ params }) => params)).toEqual([{ level: 'info' }])
})

test('a page that has to be visited first is asked for as the modern era does', async () => {
  const page = { mode: 'url', url: 'https://x.example', message: 'Sign in', elicitationId: 'e' }
  const error = { code: -32042, message: 'first', data: { elicitations: [page] } }
  const { url } = await bridged((posted, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ jsonrpc: '2.0', id: posted.id, error }))
  })
  const asked = await modernPost(url, { ...ask, capabilities: '{"elicitation":{"url":{}}}' })
  expect(await asked.json()).toMatchObject({
    result: {
      resultType: 'input_required',
      inputRequests: { 'page-1': { params: { mode: 'url', url: 'https://x.example' } } },
    },
  })
  const unable = await modernPost(url, ask)
  expect(unable.status).toBe(400)
  expect(await unable.json()).toMatchObject({
    error: { code: -32021, data: { requiredCapabilities: { elicitation: { url: {} } } } },
  })
})

const tools = {
  tools: [
    {
      name: 'a',
      inputSchema: {
        type: 'object',
        properties: { n: { type: 'integer', 'x-mcp-header': 'N' } },
      },
    },
  ],
}

test('an argument and the header that mirrors it have to agree', async () => {
  const { server, url } = await bridged((posted, response) =>
    reply(response, posted, posted.method === 'tools/list' ? tools : '{"content":[]}'),
  )
  await (await modernPost(url, { method: 'tools/list' })).text()
  const call = (params: string, headers: Record<string, string>) =>
    modernPost(url, { method: 'tools/call', params, headers })
  const n = '{"name":"a","arguments":{"n":42}}'
  for (const header of ['43', '=?base64?!?=', 'x']) {
    const answer = await call(n, { 'mcp-param-n': header })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ id: 1, error: { code: -32020 } })
  }
  expect((await call(n, {})).status).toBe(400)
  const big = '{"name":"a","arguments":{"n":9007199254740993}}'
  expect((await call(big, { 'mcp-param-n': '9007199254740992' })).status).toBe(400)
  expect((await call(big, { 'mcp-param-n': '9007199254740993' })).status).toBe(200)
  expect((await call(n, { 'mcp-param-n': '42.0' })).status).toBe(200)
  expect((await call('{"name":"a","arguments":{"n":null}}', {})).status).toBe(200)
  expect(calls(server)).toHaveLength(3)
})

test('a session id of the bridge’s own is none at a legacy server', async () => {
  const { server, url } = await bridged((posted, response) => reply(response, posted, '{}'))
  const card = { p: '2025-11-25', i: {}, c: {}, r: '' }
  const forged = `bridged.${Buffer.from(JSON.stringify(card)).toString('base64url')}`
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}'
  expect((await legacyPost(url, forged, body)).status).toBe(404)
  expect(calls(server)).toEqual([])
})
