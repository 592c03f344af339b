import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { as, trustLoopback } from '../support/gateway.js'
import { logged, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { openScene } from '../support/stream-scene.js'
import { json, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()

async function governed(
  answer: Answerer,
  env: Record<string, string> = {},
  policy = 'lists',
): Promise<Governed> {
  return keep(await startGoverned(answer, env, policy))
}

const list = (method: string, params = ''): string =>
  `{"jsonrpc":"2.0","id":1,"method":"${method}"${params}}`

const meta =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'

const modernHeaders = (method: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
})

const modern = (method: string): [string, Record<string, string>] => [
  list(method, `,"params":{${meta}}`),
  modernHeaders(method),
]

const open = String.raw` {"title" : "\u00fc" , "name":"open","inputSchema":{"maximum":9007199254740993,"x":1.0,"y":1E400}} `
const secret = '{"name":"secret","inputSchema":{}}'
const other = '{"inputSchema":{"minimum":-0},"name":"\\u006fther"}'

const page = (items: string, rest = ''): string =>
  `{"result" : {"big":12345678901234567890,"tools": [${items}] ${rest}} ,"id":1,"jsonrpc":"2.0"}`

describe('a list in a reply to no call that is known', () => {
  const told = `{"jsonrpc":"2.0","id":7,"result":{"tools":[${open},${secret}],"prompts":[${secret}]}}`

  test('shows what mcp/list leaves of it, too', async () => {
    const scene = keep(await openScene({}, 'lists'))
    const { send, client } = await scene.listen()
    send(event(told))
    const left = `{"jsonrpc":"2.0","id":7,"result":{"tools":[${open}],"prompts":[]}}`
    expect(await client.next()).toBe(event(left))
    const lines = await logged(scene.gateway, 'decision', 2)
    expect(lines.map(({ kind, hook }) => [kind, hook])).toEqual([
      ['tools/list', 'list'],
      ['prompts/list', 'list'],
    ])
  })

  test('is not changed in audit-only mode', async () => {
    const scene = keep(await openScene({ POLICY_MODE: 'audit-only' }, 'lists'))
    const { send, client } = await scene.listen()
    send(event(told))
    expect(await client.next()).toBe(event(told))
  })
})

describe('a list shows what mcp/list leaves of it', () => {
  test.each([
    ['the first item', `${secret},${open},${other}`, `${open},${other}`],
    ['an item in the middle', `${open},${secret},${other}`, `${open},${other}`],
    ['the last item', `${open},${other},${secret}`, `${open},${other}`],
    ['all items', `${secret}, ${secret.replace('}}', '},"title":"again"}')}`, ''],
    ['none', ` ${open} , ${other} `, ` ${open} , ${other} `],
    ['none of no items', '', ''],
  ])('without %s, and the rest byte for byte', async (_what, items, left) => {
    const cursor = ',"nextCursor":"\\u0063 2"'
    const { gateway } = await governed(json(page(items, cursor)))
    const answer = await gateway.post(list('tools/list'))
    expect([answer.status, await answer.text()]).toEqual([200, page(left, cursor)])
  })

  test.each([
    ['prompts/list', 'prompts', 'name', 'secret', 'open'],
    ['resources/list', 'resources', 'uri', 'file:///secret', 'file:///open'],
    [
      'resources/templates/list',
      'resourceTemplates',
      'uriTemplate',
      'file:///secret/{name}',
      'file:///{name}',
    ],
  ])('%s', async (method, member, key, hidden, shown) => {
    const item = (name: string): string => `{"title":"any","${key}":"${name}"}`
    const result = (items: string): string =>
      `{"jsonrpc":"2.0","id":1,"result":{"${member}":[${items}]}}`
    const { gateway } = await governed(json(result(`${item(hidden)},${item(shown)}`)))
    const answer = await gateway.post(list(method))
    expect(await answer.text()).toBe(result(item(shown)))
  })

  test('to whom, policy says', async () => {
    const { gateway } = await governed(json(page(`${open},${secret}`)), trustLoopback)
    const shownTo = async (headers: Record<string, string>): Promise<string> =>
      (await gateway.post(list('tools/list'), headers)).text()
    expect(await shownTo(as('eve@org', 'admin'))).toBe(page(`${open},${secret}`))
    expect(await shownTo(as('alice@org', 'dev'))).toBe(page(open))
  })

  test('also where it comes on an event stream', async () => {
    const { gateway } = await governed((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`id: 7\ndata: ${page(`${secret},${open}`)}\n\n`)
    })
    const answer = await gateway.post(list('tools/list'))
    expect(await answer.text()).toBe(`id: 7\ndata: ${page(open)}\n\n`)
  })

  test('and an error of the server is no list', async () => {
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
    const { gateway } = await governed(json(error))
    expect(await (await gateway.post(list('tools/list'))).text()).toBe(error)
  })

  test('what else there is to call is piped unread', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"result":{"tools":[1],"tools":[]}}'
    const { gateway } = await governed(json(body))
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}}'
    expect(await (await gateway.post(call)).text()).toBe(body)
  })

  test('the record has the hook, the method and what policy is asked', async () => {
    const { gateway } = await governed(json(page(`${secret},${open}`)))
    await gateway.post(list('tools/list'))
    const [pre, decision] = await logged(gateway, 'decision', 2)
    expect(pre).toMatchObject({ hook: 'pre', kind: 'tools/list' })
    expect(decision).toMatchObject({
      hook: 'list',
      kind: 'tools/list',
      effect: 'allow',
      enforced: true,
      revision: 'lists-1',
      call_id: pre['call_id'],
    })
    expect(decision).not.toHaveProperty('would_hide')
  })
})

describe('a list that policy cannot decide is refused', () => {
  test.each([
    ['names nothing', { 'x-list': 'broken' }],
    ['says nothing', { 'x-list': 'undefined' }],
  ])('because mcp/list %s', async (_what, headers) => {
    const { gateway, upstream } = await governed(json(page(open)))
    const answer = await gateway.post(list('tools/list'), headers)
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { id: 1, error: { code: 403, message: 'policy_error', data: { forwarded: true } } },
    ])
    expect(sentTo(upstream)).toHaveLength(1)
    const [, decision] = await logged(gateway, 'decision', 2)
    expect(decision).toMatchObject({ hook: 'list', effect: 'deny', code: 'policy_error' })
  })

  test('because it is larger than policy may see', async () => {
    const env = { POLICY_MAX_INPUT_BYTES: '4096' }
    const long = `{"name":"open","description":"${'x'.repeat(5000)}"}`
    const { gateway } = await governed(json(page(long)), env)
    expect((await gateway.post(list('tools/list'))).status).toBe(403)
  })

  test('because policy cannot be shown half of a surrogate', async () => {
    const { gateway } = await governed(json(page('{"name":"open","title":"\\ud800"}')))
    expect((await gateway.post(list('tools/list'))).status).toBe(403)
  })

  test.each([
    ['an item without a name', page(`${open},{"title":"a"}`)],
    ['an item whose name is no text', page('{"name":5}')],
    ['an item that is no object', page(`${open},"secret"`)],
    ['an item with two names', page('{"name":"open","name":"secret"}')],
    ['an item with another name in another case', page('{"name":"open","Name":"secret"}')],
    ['two lists', page(open, `,"tools":[${secret}]`)],
    ['a second list in another case', page(open, `,"Tools":[${secret}]`)],
    ['no list', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['a list that is none', '{"jsonrpc":"2.0","id":1,"result":{"tools":{"0":{"name":"a"}}}}'],
  ])('because clients could read it differently: %s', async (_what, body) => {
    const { gateway } = await governed(json(body))
    const answer = await gateway.post(list('tools/list'))
    expect([answer.status, await answer.json()]).toMatchObject([
      502,
      { error: { code: 502, message: 'upstream_invalid' } },
    ])
  })
})

describe.each(['audit-only', 'warn'])('in mode %s', (POLICY_MODE) => {
  test('nothing is hidden, and the record says what would be', async () => {
    const body = page(`${secret},${open}`, ',"ttlMs":900000,"cacheScope":"public"')
    const { gateway } = await governed(json(body), { POLICY_MODE })
    const answer = await gateway.post(...modern('tools/list'))
    expect(await answer.text()).toBe(body)
    const [, decision] = await logged(gateway, 'decision', 2)
    expect(decision).toMatchObject({ hook: 'list', enforced: false, would_hide: ['secret'] })
  })

  test('a list that cannot be read passes, and the record says what was wrong', async () => {
    const body = page(`${open},{}`)
    const { gateway } = await governed(json(body), { POLICY_MODE })
    expect(await (await gateway.post(list('tools/list'))).text()).toBe(body)
    const [, decision] = await logged(gateway, 'decision', 2)
    expect(decision).toMatchObject({ hook: 'list', effect: 'deny', would_deny: true })
  })
})

describe('a list that was made for one caller is not kept for others', () => {
  const hints = (text: string): string =>
    `{"jsonrpc":"2.0","id":1,"result":{"tools":[],${text}"resultType":"complete"}}`

  test.each([
    ['is made private and short', '"ttlMs":900000,"cacheScope":"public",', 60_000],
    ['keeps a shorter time', '"ttlMs" : 500,"cacheScope":"public",', 500],
    ['has its time cut however it is spelled', '"ttlMs":1e9,"cacheScope":"private",', 60_000],
    ['gets what is missing', '', 60_000],
    ['has what is no time replaced', '"ttlMs":"x","cacheScope":7,', 60_000],
  ])('a filtered one %s', async (_what, said, ttlMs) => {
    const { gateway } = await governed(json(hints(said)))
    const answer = await gateway.post(...modern('tools/list'))
    expect(await answer.json()).toMatchObject({ result: { ttlMs, cacheScope: 'private' } })
  })

  test('the legacy era is given nothing that it does not know', async () => {
    const { gateway } = await governed(json(hints('')))
    expect(await (await gateway.post(list('tools/list'))).text()).toBe(hints(''))
  })

  test.each(['tools/list', 'server/discover', 'resources/read'])(
    'what policy may have changed after the fact is private: %s',
    async (method) => {
      const body = (scope: string): string =>
        `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"ttlMs":900000,"cacheScope":"${scope}"}}`
      const { gateway } = await governed(json(body('public')), {}, 'scripted')
      const uri = method === 'resources/read' ? '"uri":"a:b",' : ''
      const answer = await gateway.post(list(method, `,"params":{${uri}${meta}}`), {
        ...modernHeaders(method),
        ...(uri === '' ? {} : { 'mcp-name': 'a:b' }),
      })
      expect(await answer.text()).toBe(body('private'))
    },
  )

  test('what policy only admits keeps its scope', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"cacheScope":"public"}}'
    const { gateway } = await governed(json(body), {}, 'default-allow')
    expect(await (await gateway.post(...modern('tools/list'))).text()).toBe(body)
  })
})
