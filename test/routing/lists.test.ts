import { expect, test } from 'vitest'
import { logged, script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { beginSession } from './caller.js'
import { reply, startPlainServer, type PlainOptions } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()

async function open(servers: Record<string, PlainOptions>, env: Record<string, string> = {}) {
  const started = await Promise.all(
    Object.entries(servers).map(async ([name, options]) => {
      return [name, keep(await startPlainServer({ name, ...options }))] as const
    }),
  )
  const urls = Object.fromEntries(started.map(([name, { url }]) => [name, url]))
  const gateway = keep(await startSeveral(urls, env))
  return { gateway, servers: Object.fromEntries(started), caller: await beginSession(gateway) }
}

const tools = (...names: string[]): object => ({ tools: names.map((name) => ({ name })) })

test('pages of all servers come together, and each goes on where it was', async () => {
  const { caller, servers } = await open({
    a: {
      answers: {
        'tools/list': (json, response) => {
          const { cursor } = (json['params'] ?? {}) as { cursor?: string }
          if (cursor === undefined) reply(response, json, { ...tools('1', '2'), nextCursor: 'a"2' })
          else reply(response, json, tools(`after ${cursor}`))
        },
      },
    },
    b: { answers: { 'tools/list': tools('3') } },
  })
  const first = await caller.ask('tools/list')
  expect(first.result).toMatchObject(tools('a__1', 'a__2', 'b__3'))
  const second = await caller.ask('tools/list', { cursor: first.result?.['nextCursor'] })
  expect(second.result).toEqual(tools('a__after a"2'))
  expect(servers['b']?.sent('tools/list')).toHaveLength(1)
})

test('a cursor that is none gets an error, and no server is asked', async () => {
  const { caller, servers } = await open({ a: { answers: { 'tools/list': tools('1') } }, b: {} })
  const answer = await caller.ask('tools/list', { cursor: 'made up' })
  expect(answer.error?.code).toBe(-32602)
  expect(servers['a']?.sent('tools/list')).toEqual([])
})

test('only servers that have such a list are asked for it, and one that does not know the method has none', async () => {
  const { caller, servers } = await open({
    a: { capabilities: { prompts: {} } },
    b: {
      capabilities: { tools: {}, prompts: {} },
      answers: { 'prompts/list': { prompts: [{ name: 'p' }] } },
    },
    c: { capabilities: { tools: {} } },
  })
  expect((await caller.ask('prompts/list')).result).toEqual({ prompts: [{ name: 'b__p' }] })
  expect(servers['a']?.sent('prompts/list')).toHaveLength(1)
  expect(servers['c']?.sent('prompts/list')).toEqual([])
})

test('items are exactly what their servers wrote, but for their names', async () => {
  const item = '{"name" : "x", "n":9007199254740993,"f":1.0,"future":[]}'
  const { caller } = await open({
    a: {
      answers: {
        'tools/list': ({ id }, response) => {
          response.writeHead(200, { 'content-type': 'application/json' })
          response.end(`{"jsonrpc":"2.0","id":${String(id)},"result":{"tools":[ ${item} ]}}`)
        },
      },
    },
    b: { answers: { 'tools/list': tools('1') } },
  })
  const answer = await caller.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  expect(await answer.text()).toBe(
    `{"jsonrpc":"2.0","id":1,"result":{"tools":[${item.replace('x', 'a__x')},{"name":"b__1"}]}}`,
  )
})

test.each([
  ['dies', (_json: unknown, response: { destroy: () => unknown }) => response.destroy()],
  ['says nothing that can be read', { tools: 'none' }],
])('a server that %s is left out, and nobody else', async (_what, list) => {
  const { caller } = await open({
    a: { answers: { 'tools/list': list } },
    b: { answers: { 'tools/list': tools('1') } },
  })
  expect((await caller.ask('tools/list')).result).toEqual(tools('b__1'))
})

test('a list that is too long is left out', async () => {
  const { caller } = await open(
    {
      a: { answers: { 'tools/list': tools('x'.repeat(70_000)) } },
      b: { answers: { 'tools/list': tools('1') } },
    },
    { MAX_MESSAGE_BYTES: '65536' },
  )
  expect((await caller.ask('tools/list')).result).toEqual(tools('b__1'))
})

test('where no server has the list the client hears what the first one says', async () => {
  const { caller } = await open({ a: {}, b: {} })
  expect((await caller.ask('tools/list')).error?.code).toBe(-32601)
})

test('each server’s part is judged by itself, under its own name', async () => {
  const { gateway, caller } = await open({
    a: { answers: { 'tools/list': tools('1') } },
    b: { answers: { 'tools/list': tools('2') } },
  })
  const asked = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const denied = await caller.post(asked, script({ pre: { 'tools/list': false } }))
  expect(denied.status).toBe(403)
  const lines = await logged(gateway, 'outcome', 6)
  const lists = lines.filter(({ kind }) => kind === 'tools/list')
  expect(lists.map(({ server }) => server).sort()).toEqual(['a', 'b'])
  for (const { decision_id } of lists) expect(decision_id).toMatch(/./)
})

test('what a server says besides comes first, and then the whole list', async () => {
  const note =
    '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"1"}}'
  const { caller } = await open({
    a: {
      answers: {
        'tools/list': ({ id }, response) => {
          const last = JSON.stringify({ jsonrpc: '2.0', id, result: tools('1') })
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.end(`data: \n\ndata: ${note}\n\ndata: ${last}\n\n`)
        },
      },
    },
    b: { answers: { 'tools/list': tools('2') } },
  })
  const answer = await caller.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const events = (await answer.text()).split('\n\n').filter((text) => text !== '')
  expect(events[0]).toBe(`data: ${note}`)
  expect(events[1]).toContain('{"tools":[{"name":"a__1"},{"name":"b__2"}]}')
  expect(events).toHaveLength(2)
})

test('a reply of one server that is too long to be renamed is refused', async () => {
  const { gateway, caller } = await open(
    {
      a: { answers: { 'tools/call': { content: [{ type: 'text', text: 'x'.repeat(70_000) }] } } },
      b: {},
    },
    { MAX_MESSAGE_BYTES: '65536' },
  )
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a__t' } }
  expect((await caller.post(call)).status).toBe(502)
  const unknown = { ...call, params: { name: 'c__t' } }
  expect((await caller.post(unknown)).status).toBe(200)
  const lines = await logged(gateway, 'outcome', 6)
  expect(lines.at(-1)).toMatchObject({ server: '', target: { name: 'c__t' }, decision_id: '' })
})
