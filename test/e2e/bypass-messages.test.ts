import { describe, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { openSocket, rawPost } from '../support/socket.js'
import { echo } from '../support/upstream.js'

// Batches of one, a byte order mark, invalid UTF-8 and the like, without a policy: relay.test.ts.

const keep = closedAfterEach()

/** A gateway that forbids the tool `rm`, before a server that keeps what it is sent. */
async function guarded(): Promise<Governed> {
  return keep(await startGoverned(echo, {}, 'guarded'))
}

const fine = toolCall('echo', {})
const forbidden = toolCall('rm', {})
const modern =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'

function asking(method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(method)},"params":${params}}`
}

const complete = (ref: string): string =>
  asking('completion/complete', `{"ref":${ref},"argument":{}}`)

async function expectRefused(body: string | Buffer, status: number): Promise<void> {
  const { gateway, upstream } = await guarded()
  const reply = await gateway.post(body)
  expect([reply.status, await reply.json()]).toMatchObject([
    status,
    { jsonrpc: '2.0', error: { code: expect.any(Number) } },
  ])
  expect(upstream.received).toEqual([])
}

describe('more than one message in a request', () => {
  test.each([
    ['an empty batch', '[]'],
    ['a batch of one', `[${forbidden}]`],
    ['a batch of several', `[${fine},${forbidden}]`],
    ['a batch in a batch', `[[${forbidden}]]`],
    ['one after the other', `${fine}\n${forbidden}`],
    ['one after the other, with a separator of records', `\x1e${fine}\x1e${forbidden}`],
  ])('%s', async (_what, body) => expectRefused(body, 400))
})

describe('a key that stands twice, of which one would be judged and the other run', () => {
  test.each([
    ['method', fine.replace('"method"', '"method":"tools/list","method"')],
    ['params', fine.replace('"params"', '"params":{"name":"echo"},"params"')],
    ['name', asking('tools/call', '{"name":"echo","name":"rm"}')],
    [
      'arguments',
      asking('tools/call', '{"name":"echo","arguments":{},"arguments":{"amount":101}}'),
    ],
    ['deep in the arguments', toolCall('echo', { a: [{ b: {} }] }).replace('{}', '{"c":1,"c":2}')],
    ['uri', asking('resources/read', '{"uri":"file:///srv/a","uri":"file:///etc/passwd"}')],
    ['ref.name', complete('{"type":"ref/prompt","name":"greet","name":"secret"}')],
    [
      'ref.type',
      complete('{"type":"ref/prompt","type":"ref/resource","uri":"file:///etc/passwd"}'),
    ],
    ['_meta', asking('tools/call', `{"name":"echo",${modern},${modern}}`)],
    ['in _meta', asking('tools/call', `{"name":"echo","_meta":{"a":{"b":1,"b":2}}}`)],
    [
      'spelled with an escape',
      asking('resources/read', '{"uri":"file:///srv/a","\\u0075ri":"file:///etc/a"}'),
    ],
  ])('%s', async (_what, body) => expectRefused(body, 400))
})

describe('a key that a decoder without regard to case takes for another', () => {
  test.each([
    ['Method', fine.replace('"method"', '"Method":"tools/list","method"'), 400],
    ['PARAMS', fine.replace('"params"', '"PARAMS":{"name":"rm"},"params"'), 400],
    ['Arguments', asking('tools/call', '{"name":"echo","Arguments":{"amount":101}}'), 400],
    ['a long s', asking('tools/call', '{"name":"echo","argument\u017f":{"amount":101}}'), 400],
    ['URI', asking('resources/read', '{"uri":"file:///srv/a","URI":"file:///etc/passwd"}'), 400],
    ['a Kelvin sign', asking('tasks/get', '{"taskId":"a","tas\u212aId":"b"}'), 400],
    ['Name in a ref', complete('{"type":"ref/prompt","name":"greet","Name":"secret"}'), 403],
    [
      'Arguments in a context',
      asking(
        'completion/complete',
        '{"ref":{"type":"ref/prompt","name":"greet"},"context":{"Arguments":{"who":"root"}}}',
      ),
      403,
    ],
    [
      'ResourceSubscriptions',
      asking(
        'subscriptions/listen',
        '{"notifications":{"ResourceSubscriptions":["file:///etc/a"]}}',
      ),
      403,
    ],
  ])('%s', async (_what, body, status) => expectRefused(body, status))
})

describe('a method that a careless server takes for another', () => {
  test.each([
    'Tools/Call',
    'TOOLS/CALL',
    ' tools/call',
    'tools/call\n',
    'tools /call',
    'tools/call\0',
    'tools/call\0x',
    'tools/call\ufeff',
    'tools/\u200bcall',
  ])('%j', async (method) => expectRefused(asking(method, '{"name":"rm"}'), 400))

  test.each(['tools\\/call', '\\u0074ools/call'])(
    '%s is the method that it spells',
    async (method) => {
      await expectRefused(forbidden.replace('tools/call', method), 403)
    },
  )

  test('a tool call without an id is a tool call, refused without a word', async () => {
    const { gateway, upstream } = await guarded()
    const reply = await gateway.post(forbidden.replace('"id":1,', ''))
    expect([reply.status, await reply.text()]).toEqual([202, ''])
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      kind: 'tools/call',
      effect: 'deny',
      reason: 'forbidden_tool',
    })
  })
})

describe('arguments that two parsers read differently, or one cannot read at all', () => {
  test.each([
    ['null', asking('tools/call', '{"name":"rm","arguments":null}'), 400],
    ['an array', asking('tools/call', '{"name":"rm","arguments":[]}'), 400],
    ['a text', asking('tools/call', '{"name":"rm","arguments":"{}"}'), 400],
    ['none', asking('tools/call', '{"name":"rm"}'), 403],
    ['an empty object', forbidden, 403],
    [
      'a number beyond all bounds',
      asking('tools/call', '{"name":"echo","arguments":{"amount":1e400}}'),
      403,
    ],
    [
      'a bound passed by the last digit',
      asking('tools/call', '{"name":"echo","arguments":{"amount":100.00000000000000000001}}'),
      403,
    ],
    ['a lone surrogate', asking('tools/call', '{"name":"echo","arguments":{"a":"\\ud800"}}'), 403],
    [
      'a lone surrogate in a key',
      asking('tools/call', '{"name":"echo","arguments":{"\\udc00":1}}'),
      403,
    ],
    ['a lone surrogate in the name', asking('tools/call', '{"name":"rm\\ud800"}'), 403],
    [
      'params of __proto__',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","__proto__":{"params":{"name":"echo"}}}',
      400,
    ],
    ['a name of __proto__', asking('tools/call', '{"__proto__":{"name":"echo"}}'), 400],
    [
      'a name beside __proto__',
      asking('tools/call', '{"__proto__":{"name":"echo"},"name":"rm"}'),
      403,
    ],
    [
      '200,000 levels of arrays',
      asking('tools/call', `{"name":"echo","arguments":{"a":${nested('[', ']')}}}`),
      400,
    ],
    [
      '200,000 levels of objects',
      asking('tools/call', `{"name":"echo","arguments":${nested('{"a":', '}', '1')}}`),
      400,
    ],
  ])('%s', async (_what, body, status) => expectRefused(body, status))

  test('an amount within its bound passes, with every digit and __proto__ as an argument like any other', async () => {
    const { gateway, upstream } = await guarded()
    const body = asking(
      'tools/call',
      '{"name":"echo","arguments":{"amount":99.99999999999999999999,"__proto__":{"a":1}}}',
    )
    expect((await gateway.post(body)).status).toBe(200)
    expect(sentTo(upstream)).toEqual([body])
  })
})

describe('a text in another encoding', () => {
  const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
  test.each([
    ['UTF-16, little end first', Buffer.from(forbidden, 'utf16le')],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${forbidden}`, 'utf16le')],
    ['UTF-16, big end first', swapped(forbidden)],
    ['UTF-16, big end first, with a mark', swapped(`\ufeff${forbidden}`)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${forbidden}`)],
    ['UTF-8 with a letter too long', overlong(forbidden)],
    ['UTF-7', Buffer.from('+AHs-"jsonrpc":"2.0","id":1,"method":"ping"+AH0-')],
  ])('%s', async (_what, body) => expectRefused(body, 400))
})

describe('headers that say something else than the body', () => {
  const inLegacy = forbidden
  const inModern = asking('tools/call', `{"name":"rm","arguments":{},${modern}}`)
  const speaks = { 'mcp-protocol-version': '2026-07-28' }
  test.each([
    ['another method', { 'mcp-method': 'tools/list' }],
    ['another name', { 'mcp-method': 'tools/call', 'mcp-name': 'echo' }],
    ['another name in base64', { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?ZWNobw==?=' }],
    ['the name in another case', { 'mcp-method': 'tools/call', 'mcp-name': 'RM' }],
    ['no method at all', { 'mcp-method': '' }],
  ])('%s, in both eras', async (_what, headers) => {
    const { gateway, upstream } = await guarded()
    for (const [body, more] of [
      [inLegacy, {}],
      [inModern, speaks],
    ] as const) {
      const reply = await gateway.post(body, { ...headers, ...more })
      expect([reply.status, await reply.json()]).toMatchObject([400, { error: { code: -32020 } }])
    }
    expect(upstream.received).toEqual([])
  })

  test.each([
    ['mcp-method', 'tools/list', 'tools/call'],
    ['mcp-method', 'tools/call', 'tools/list'],
    ['mcp-name', 'echo', 'rm'],
    ['mcp-name', 'rm', 'echo'],
    ['mcp-method', 'tools/call', 'tools/call'],
  ])('%s twice, as %s and %s', async (name, first, second) => {
    const { gateway, upstream } = await guarded()
    const socket = await openSocket(gateway.mcpUrl)
    const request = rawPost(inLegacy, { [name]: `${first}\r\n${name}: ${second}` })
    socket.write(request)
    expect(await socket.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    socket.socket.destroy()
    expect(upstream.received).toEqual([])
  })

  test('what agrees is decided by the body: the tool is refused by policy', async () => {
    const { gateway, upstream } = await guarded()
    const headers = { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?cm0=?=' }
    expect((await gateway.post(inLegacy, headers)).status).toBe(403)
    expect((await gateway.post(inModern, { ...headers, ...speaks })).status).toBe(403)
    expect(upstream.received).toEqual([])
  })
})

function nested(open: string, close: string, inside = ''): string {
  return open.repeat(200_000) + inside + close.repeat(200_000)
}

/** `r` in two bytes: a decoder that lets that pass reads another name than one that does not. */
function overlong(text: string): Buffer {
  const body = Buffer.from(text)
  const at = body.indexOf('rm')
  return Buffer.concat([body.subarray(0, at), Buffer.from([0xc1, 0xb2]), body.subarray(at + 1)])
}
