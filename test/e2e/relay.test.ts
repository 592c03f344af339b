import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { mcpHeaders, startTestGateway, toolCall } from '../support/gateway.js'
import { json } from '../support/upstream.js'
import { closedAfterEach, relaysOf } from '../support/opened.js'

const keep = closedAfterEach()
const relay = relaysOf(keep)

const oddRequest =
  ' {"jsonrpc" : "2.0","zeta":1,"id":9007199254740993,\n"method":"tools/call","params":{"_meta":{"progressToken":1.0,"x":[1E2,-0]},"unknown":"\\u00e9\\u2028é","arguments":{"n":9007199254740993,"z":1.0,"e":1e400,"b":2,"a":1},"name":"echo"}}\n'
const oddReply =
  '{"result":{"extra":9007199254740993,"content":[{"text":"\\u001b[31m","type":"text","more":1.0}],"_meta":{"k":1E400}},"id":9007199254740993,"unknown":{"b":1,"a":2},"jsonrpc":"2.0"}'

describe('bytes that policy did not change arrive as they were sent', () => {
  test.each([
    ['with policy off', { POLICY_MODE: 'off' }],
    ['with no policy', {}],
  ])('in both directions, %s', async (_how, env) => {
    const { upstream, gateway } = await relay(json(oddReply), env)
    const reply = await gateway.post(oddRequest)
    expect(upstream.received[0]?.body.toString()).toBe(oddRequest)
    expect(await reply.text()).toBe(oddReply)
  })

  test('an upstream’s own error keeps its status and its body', async () => {
    const body = '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'
    const { gateway } = await relay(json(body, 404))
    const reply = await gateway.post(toolCall('echo'))
    expect([reply.status, await reply.text()]).toEqual([404, body])
  })

  test('a reply that is not JSON passes where nobody has to judge it', async () => {
    const { gateway } = await relay((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('hello')
    })
    expect(await (await gateway.post(toolCall('echo'))).text()).toBe('hello')
  })
})

describe('headers', () => {
  test('of both eras go up; credentials, hop-by-hop and spoofed identity do not', async () => {
    const { upstream, gateway } = await relay(json('{"jsonrpc":"2.0","id":1,"result":{}}'))
    await gateway.post(toolCall('echo'), {
      'mcp-protocol-version': '2026-07-28',
      'mcp-session-id': 'abc',
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-param-region': 'eu',
      'last-event-id': '7',
      traceparent: '00-1-2-03',
      authorization: 'Bearer secret',
      cookie: 'a=b',
      'x-api-key': 'secret',
      'x-forwarded-user': 'root',
      te: 'trailers',
    })
    const sent = upstream.received[0]?.headers ?? {}
    expect(sent).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-session-id': 'abc',
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-param-region': 'eu',
      'last-event-id': '7',
      traceparent: '00-1-2-03',
      accept: mcpHeaders.accept,
      'content-type': 'application/json',
    })
    for (const name of ['authorization', 'cookie', 'x-api-key', 'x-forwarded-user', 'te']) {
      expect(sent).not.toHaveProperty(name)
    }
    expect(sent.host).toBe(new URL(upstream.url).host)
  })

  test('come back, but for the upstream’s connection, cookies and challenges', async () => {
    const { gateway } = await relay((_received, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'mcp-session-id': 's-1',
        'x-custom': 'kept',
        'set-cookie': 'a=b',
        'access-control-allow-origin': '*',
      })
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}')
    })
    const { headers } = await gateway.post(toolCall('echo'))
    expect(headers.get('mcp-session-id')).toBe('s-1')
    expect(headers.get('x-custom')).toBe('kept')
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test('the gateway’s own credentials go up where they are configured', async () => {
    const { upstream, gateway } = await relay(json('{"jsonrpc":"2.0","id":1,"result":{}}'), {
      UPSTREAM_AUTH: 'static',
      UPSTREAM_TOKEN: 'own-token',
    })
    await gateway.post(toolCall('echo'), { authorization: 'Bearer callers' })
    expect(upstream.received[0]?.headers.authorization).toBe('Bearer own-token')
  })

  test('a token that was meant for the upstream passes where that is configured', async () => {
    const { upstream, gateway } = await relay(json('{"jsonrpc":"2.0","id":1,"result":{}}'), {
      UPSTREAM_AUTH: 'passthrough',
    })
    await gateway.post(toolCall('echo'), { authorization: 'Bearer callers' })
    expect(upstream.received[0]?.headers.authorization).toBe('Bearer callers')
  })
})

describe('what is ambiguous never reaches the upstream', () => {
  const whole = toolCall('echo', {})
  test.each([
    ['a batch', `[${whole}]`, 400],
    ['duplicate keys', whole.replace('"id":1', '"id":1,"id":2'), 400],
    ['escaped duplicates', whole.replace('"name":"echo"', '"name":"echo","n\\u0061me":"rm"'), 400],
    ['case variants', whole.replace('"name":"echo"', '"name":"echo","Name":"rm"'), 400],
    ['duplicate arguments', whole.replace('{}', '{"n":1,"n":2}'), 400],
    ['a byte order mark', `\ufeff${whole}`, 400],
    ['half of it', whole.slice(0, 20), 400],
    ['nothing', '', 400],
    ['200,000 levels', '['.repeat(200_000), 400],
    ['arguments that are no object', whole.replace('{}', '[]'), 400],
    ['no tool name', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}', 400],
    ['no URI', '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x y"}}', 400],
    ['too much', toolCall('echo', { text: 'x'.repeat(5000) }), 413],
  ])('%s', async (_what, body, status) => {
    const { upstream, gateway } = await relay(json('{}'), { MAX_BODY_BYTES: '4096' })
    const reply = await gateway.post(body.length > 100_000 ? body.slice(0, 4000) : body)
    expect(reply.status).toBe(status)
    expect(await reply.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { code: expect.any(Number) },
    })
    expect(upstream.received).toEqual([])
  })

  test('invalid UTF-8', async () => {
    const { upstream, gateway } = await relay(json('{}'))
    const body = Buffer.from(toolCall('ec#o'))
    body[body.indexOf('#')] = 0xff
    expect((await gateway.post(body)).status).toBe(400)
    expect(upstream.received).toEqual([])
  })

  test.each([
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/json; charset=latin1' }, 415],
    [{ 'content-encoding': 'gzip' }, 415],
    [{ 'mcp-method': 'tools/list' }, 400],
    [{ 'mcp-name': 'other' }, 400],
    [{ origin: 'https://evil.example' }, 403],
    [{ host: 'evil.example' }, 403],
  ])('a request with %o', async (headers, status) => {
    const { upstream, gateway } = await relay(json('{}'))
    const { statusCode } = await rawPost(gateway.mcpUrl, whole, headers)
    expect(statusCode).toBe(status)
    expect(upstream.received).toEqual([])
  })
})

describe('browsers', () => {
  test('of an allowed origin may ask, call and read the session id', async () => {
    const { gateway } = await relay(json('{"jsonrpc":"2.0","id":1,"result":{}}'), {
      ALLOWED_ORIGINS: 'https://app.example',
    })
    const origin = 'https://app.example'
    const asked = await fetch(gateway.mcpUrl, { method: 'OPTIONS', headers: { origin } })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-methods')).toContain('DELETE')
    expect(asked.headers.get('access-control-allow-headers')).toContain('Mcp-Session-Id')
    const called = await gateway.post(toolCall('echo'), { origin })
    expect(called.headers.get('access-control-allow-origin')).toBe(origin)
    expect(called.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id')
  })
})

describe('streams', () => {
  const event = (id: number, data: string): string => `id: ${id}\ndata: ${data}\n\n`
  const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0}}'
  const result = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'

  test('the first event is delivered before the last is produced', async () => {
    let finish: () => void = () => undefined
    const { gateway } = await relay((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1, progress))
      finish = () => response.end(event(2, result))
    })
    const reply = await gateway.post(toolCall('slow'))
    expect(reply.headers.get('content-type')).toBe('text/event-stream')
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value ?? []).toString()).toBe(event(1, progress))
    finish()
    const second = await reader.read()
    expect(Buffer.from(second.value ?? []).toString()).toBe(event(2, result))
    expect((await reader.read()).done).toBe(true)
  })

  test('also where the upstream said beforehand how long the stream will be', async () => {
    const whole = event(1, progress) + event(2, result)
    let finish: () => void = () => undefined
    const { gateway } = await relay(
      (_received, response) => {
        const headers = { 'content-type': 'text/event-stream', 'content-length': whole.length }
        response.writeHead(200, headers)
        response.write(event(1, progress))
        finish = () => response.end(event(2, result))
      },
      { POLICY_MODE: 'off' },
    )
    const reply = await gateway.post(toolCall('slow'))
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value ?? []).toString()).toBe(event(1, progress))
    finish()
    const second = await reader.read()
    expect(Buffer.from(second.value ?? []).toString()).toBe(event(2, result))
  })

  test('a listening client gets its headers at once, and events, comments and ids as they were sent', async () => {
    const whole = `: hello\n\nid: a\ndata:\n\nretry: 5\r\ndata: ${progress}\r\n\r\n`
    let send: () => void = () => undefined
    const { gateway, upstream } = await relay((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      send = () => response.end(whole)
    })
    const reply = await fetch(gateway.mcpUrl, {
      headers: { accept: 'text/event-stream', 'mcp-session-id': 's', 'last-event-id': '9' },
    })
    expect(reply.status).toBe(200)
    expect(upstream.received[0]).toMatchObject({
      method: 'GET',
      headers: { 'mcp-session-id': 's', 'last-event-id': '9' },
    })
    send()
    expect(await reply.text()).toBe(whole)
  })

  test('a client’s hang-up reaches the upstream', async () => {
    let hungUp: Promise<unknown> = Promise.resolve()
    const { gateway } = await relay((_received, response) => {
      hungUp = once(response, 'close')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1, progress))
    })
    const controller = new AbortController()
    const reply = await fetch(gateway.mcpUrl, {
      method: 'POST',
      headers: mcpHeaders,
      body: toolCall('slow'),
      signal: controller.signal,
    })
    await (reply.body as ReadableStream<Uint8Array>).getReader().read()
    controller.abort()
    await hungUp
  })

  test('a hang-up before the upstream has answered reaches it too', async () => {
    let arrived: () => void = () => undefined
    const arrival = new Promise<void>((resolve) => (arrived = resolve))
    let hungUp: Promise<unknown> = Promise.resolve()
    const { gateway } = await relay((_received, response) => {
      hungUp = once(response, 'close')
      arrived()
    })
    const controller = new AbortController()
    const call = fetch(gateway.mcpUrl, {
      method: 'POST',
      headers: mcpHeaders,
      body: toolCall('slow'),
      signal: controller.signal,
    })
    await arrival
    controller.abort()
    await expect(call).rejects.toThrow()
    await hungUp
  })

  test('a client that does not read holds the upstream back', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const chunks = 1000
    let written = 0
    const { gateway } = await relay((_received, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (written < chunks) {
          written += 1
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const asking = request(gateway.mcpUrl, { method: 'POST', headers: mcpHeaders })
    asking.end(toolCall('big'))
    const [reply] = (await once(asking, 'response')) as [NodeJS.ReadableStream]
    let before = -1
    while (before !== written) {
      before = written
      await delay(100)
    }
    expect(written).toBeLessThan(chunks)
    let read = 0
    for await (const part of reply) read += (part as Buffer).length
    expect(read).toBe(chunks * chunk.length)
  })

  test('a stream that the upstream breaks off does not look as if it had ended', async () => {
    const { gateway } = await relay((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1, progress))
      setImmediate(() => response.destroy())
    })
    const reply = await gateway.post(toolCall('slow'))
    await expect(reply.text()).rejects.toThrow()
  })
})

describe('an upstream that fails', () => {
  test('is a 502 when it cannot be reached', async () => {
    const gateway = await startTestGateway({ UPSTREAM_URL: 'http://127.0.0.1:9/mcp' })
    keep(gateway)
    const reply = await gateway.post(toolCall('echo'))
    expect(reply.status).toBe(502)
    expect(await reply.json()).toMatchObject({
      id: 1,
      error: { code: 502, message: 'upstream_unavailable' },
    })
  })

  test('is a 504 when it stays silent', async () => {
    const { gateway } = await relay(() => undefined, { UPSTREAM_TIMEOUT_MS: '1000' })
    const reply = await gateway.post(toolCall('echo'))
    expect(reply.status).toBe(504)
    expect(await reply.json()).toMatchObject({ error: { code: 504, message: 'upstream_timeout' } })
  })

  test.each([
    [401, 'upstream_unauthorized'],
    [307, 'upstream_unavailable'],
  ])(
    'with %i is a 502 %s: neither its challenge nor its address reaches a caller',
    async (status, code) => {
      const { gateway } = await relay((_received, response) => {
        response
          .writeHead(status, { 'www-authenticate': 'Bearer', location: 'http://inner/' })
          .end()
      })
      const reply = await gateway.post(toolCall('echo'))
      expect(reply.status).toBe(502)
      expect(reply.headers.get('location')).toBeNull()
      expect(await reply.json()).toMatchObject({ error: { code: 502, message: code } })
    },
  )

  test('answers in-band where the operator chose that', async () => {
    const gateway = await startTestGateway({
      UPSTREAM_URL: 'http://127.0.0.1:9/mcp',
      POLICY_DENY_STYLE: 'jsonrpc',
    })
    keep(gateway)
    const reply = await gateway.post(toolCall('echo'))
    expect(reply.status).toBe(200)
    expect(await reply.json()).toMatchObject({ id: 1, error: { code: 502 } })
  })
})

test('sessions end by DELETE, and methods that nobody serves are 405', async () => {
  const { upstream, gateway } = await relay((_received, response) => {
    response.writeHead(200).end()
  })
  const ended = await fetch(gateway.mcpUrl, {
    method: 'DELETE',
    headers: { 'mcp-session-id': 's' },
  })
  expect(ended.status).toBe(200)
  expect(upstream.received[0]).toMatchObject({
    method: 'DELETE',
    headers: { 'mcp-session-id': 's' },
  })
  expect((await fetch(gateway.mcpUrl, { method: 'PUT', body: '{}' })).status).toBe(405)
  expect((await fetch(new URL('/other', gateway.mcpUrl))).status).toBe(404)
  const named = new URL('/servers/default/mcp', gateway.mcpUrl)
  expect((await fetch(named, { method: 'DELETE' })).status).toBe(200)
})

function rawPost(url: string, body: string, headers: Record<string, string>) {
  return new Promise<{ statusCode: number | undefined }>((resolve, reject) => {
    const asking = request(url, { method: 'POST', headers: { ...mcpHeaders, ...headers } })
    asking.on('error', reject)
    asking.on('response', (reply) => {
      reply.resume()
      resolve({ statusCode: reply.statusCode })
    })
    asking.end(body)
  })
}
