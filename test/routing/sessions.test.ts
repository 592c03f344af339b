import { describe, expect, test } from 'vitest'
import { as, trustLoopback } from '../support/gateway.js'
import { closedAfterEach } from '../support/opened.js'
import { beginSession, callerIn, send } from './caller.js'
import { startPlainServer, type PlainOptions, type PlainServer } from './plain-server.js'
import { startSeveral } from './several.js'

const keep = closedAfterEach()
const called = {
  answers: { 'tools/call': { content: [] }, 'tools/list': { tools: [{ name: 't' }] } },
}
const key = { SESSION_KEY: Buffer.alloc(32, 7).toString('base64') }

async function start(name: string, options: PlainOptions = {}): Promise<PlainServer> {
  return keep(await startPlainServer({ name, ...called, ...options }))
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'c', version: '1' },
  },
}

describe('a session with several servers', () => {
  test('is one id, in which nobody can read those of the servers', async () => {
    const a = await start('a')
    const b = await start('b', { capabilities: { prompts: {}, resources: { subscribe: true } } })
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const { session, introduced } = await beginSession(gateway)
    expect(session).toMatch(/^[\w-]+$/)
    expect(Buffer.from(session, 'base64url').toString('latin1')).not.toContain('a-1')
    expect(introduced['capabilities']).toEqual({
      tools: {},
      prompts: {},
      resources: { subscribe: true },
    })
    expect(introduced).not.toHaveProperty('instructions')
    expect(a.methods()).toEqual(['initialize', 'notifications/initialized'])
    expect(b.methods()).toEqual(['initialize', 'notifications/initialized'])
  })

  test('combines what they say under their names, and speaks the oldest revision that they agreed to', async () => {
    const a = await start('a', { instructions: 'Do this.' })
    const b = await start('b', { instructions: 'Do that.', protocolVersion: '2025-06-18' })
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const { introduced, ask } = await beginSession(gateway)
    expect(introduced['protocolVersion']).toBe('2025-06-18')
    expect(introduced['instructions']).toBe(
      '# a\n\nNames of this server begin with `a__`.\n\nDo this.\n\n# b\n\nNames of this server begin with `b__`.\n\nDo that.',
    )
    await ask('ping')
    expect(a.sent('ping')[0]?.headers['mcp-protocol-version']).toBe('2025-11-25')
    expect(b.sent('ping')[0]?.headers['mcp-protocol-version']).toBe('2025-06-18')
  })

  test('is served by any gateway with the key, for whom it was issued to', async () => {
    const a = await start('a')
    const b = await start('b')
    const servers = { a: a.url, b: b.url }
    const one = keep(await startSeveral(servers, { ...key, ...trustLoopback }))
    const replica = keep(await startSeveral(servers, { ...key, ...trustLoopback }))
    const opened = await send(one.mcpUrl, initialize, as('alice'))
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'b__t' } }
    const answer = await send(replica.mcpUrl, call, { ...session, ...as('alice') })
    expect(answer.status).toBe(200)
    expect(b.sent('tools/call')[0]?.headers['mcp-session-id']).toBe('b-1')
    expect((await send(replica.mcpUrl, call, { ...session, ...as('bob') })).status).toBe(404)
  })

  test('needs one server; without any the client hears of the first failure', async () => {
    const [a, b] = [await start('a'), await start('b')]
    for (const server of [a, b]) server.become('away')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    expect((await send(gateway.mcpUrl, initialize)).status).toBe(502)
  })

  test('ends at every server', async () => {
    const a = await start('a')
    const b = await start('b')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const caller = await beginSession(gateway)
    expect((await caller.end()).status).toBe(200)
    for (const server of [a, b]) {
      expect(server.received.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
    }
    expect((await caller.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
  })

  test.each(['made up', '', 'AAAA', Buffer.from('{"v":1,"n":"","s":{}}').toString('base64url')])(
    'that nobody issued is not there: %s',
    async (id) => {
      const a = await start('a')
      const b = await start('b')
      const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
      const answer = await callerIn(gateway, id.replace(' ', '_')).post({
        jsonrpc: '2.0',
        id: 1,
        method: 'ping',
      })
      expect(answer.status).toBe(id === '' ? 400 : 404)
    },
  )
})

describe('a server that lost the session', () => {
  test('gets another one, with what was set in it, and the call that it turned away once more', async () => {
    const capabilities = { tools: {}, logging: {}, resources: { subscribe: true } }
    const a = await start('a', {
      capabilities,
      answers: { ...called.answers, 'resources/subscribe': {}, 'resources/unsubscribe': {} },
    })
    const b = await start('b')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const { ask } = await beginSession(gateway)
    await ask('logging/setLevel', { level: 'error' })
    await ask('resources/subscribe', { uri: 'portcullis:a/x:y' })
    await ask('resources/subscribe', { uri: 'portcullis:a/x:z' })
    await ask('resources/unsubscribe', { uri: 'portcullis:a/x:z' })
    const before = a.methods().length
    a.forget()
    const answer = await ask('tools/call', { name: 'a__t' })
    expect(answer.result).toEqual({ content: [] })
    expect(a.methods().slice(before)).toEqual([
      'tools/call',
      'initialize',
      'notifications/initialized',
      'logging/setLevel',
      'resources/subscribe',
      'tools/call',
    ])
    expect(a.sent('tools/call')[1]?.headers['mcp-session-id']).toBe('a-2')
    expect(a.sent('initialize')[1]?.text).toBe(a.sent('initialize')[0]?.text)
    expect(a.sent('resources/subscribe').at(-1)?.text).toContain('"x:y"')
    await ask('tools/call', { name: 'a__t' })
    expect(a.sent('tools/call')[2]?.headers['mcp-session-id']).toBe('a-2')
    expect(b.sent('initialize')).toHaveLength(1)
  })

  test('gets one for all calls that were turned away at once', async () => {
    const a = await start('a')
    const b = await start('b')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const { ask } = await beginSession(gateway)
    a.forget()
    const answers = await Promise.all(
      [1, 2, 3, 4].map((id) => ask('tools/call', { name: 'a__t' }, id)),
    )
    for (const { result } of answers) expect(result).toEqual({ content: [] })
    expect(a.sent('initialize')).toHaveLength(2)
  })

  test('makes the client begin again where this process does not know how the session began', async () => {
    const a = await start('a')
    const b = await start('b')
    const servers = { a: a.url, b: b.url }
    const one = keep(await startSeveral(servers, key))
    const replica = keep(await startSeveral(servers, key))
    const { session } = await beginSession(one)
    a.forget()
    const caller = callerIn(replica, session)
    const answer = await caller.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'a__t' },
    })
    expect(answer.status).toBe(404)
    expect((await caller.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(404)
  })

  test('makes the client begin again where it gives no other', async () => {
    const a = await start('a')
    const b = await start('b')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const caller = await beginSession(gateway)
    a.forget()
    a.become('closed')
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a__t' } }
    expect((await caller.post(call)).status).toBe(404)
    a.become('up')
    expect((await caller.post(call)).status).toBe(404)
  })
})

describe('a server that was away when the session began', () => {
  test('joins it when it is asked for', async () => {
    const b = await start('b')
    const a = await start('a')
    a.become('away')
    const gateway = keep(await startSeveral({ a: a.url, b: b.url }))
    const { ask, introduced } = await beginSession(gateway)
    expect(introduced['capabilities']).toEqual({ tools: { listChanged: true } })
    expect((await ask('tools/list')).result).toEqual({ tools: [{ name: 'b__t' }] })
    a.become('up')
    const lists = async (): Promise<unknown> => (await ask('tools/list')).result?.['tools']
    await expect.poll(lists, { timeout: 5000 }).toEqual([{ name: 'a__t' }, { name: 'b__t' }])
    expect((await ask('tools/call', { name: 'a__t' })).result).toEqual({ content: [] })
    const heard = a.methods()
    expect(heard.slice(heard.lastIndexOf('initialize')).slice(0, 2)).toEqual([
      'initialize',
      'notifications/initialized',
    ])
  })
})
