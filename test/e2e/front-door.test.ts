import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { startTestGateway, toolCall, trustLoopback, type TestGateway } from '../support/gateway.js'
import { openSocket, rawPost, rawRequest } from '../support/socket.js'
import { json, startRawUpstream, type Answerer } from '../support/upstream.js'
import { closedAfterEach, relaysOf } from '../support/opened.js'

const keep = closedAfterEach()
const relay = relaysOf(keep)

const result = json('{"jsonrpc":"2.0","id":1,"result":{}}')
const response = '{"jsonrpc":"2.0","id":1,"result":{}}'
const origin = 'http://localhost:3000'

/** What comes back to one request after which the client says nothing more. */
async function ask({ mcpUrl }: TestGateway, request: string): Promise<string> {
  const { write, until, socket } = await openSocket(mcpUrl)
  write(request)
  const text = await until('\r\n\r\n')
  socket.destroy()
  return text
}

/** An upstream that streams without end; its promises resolve as its exchanges begin and end. */
function endless() {
  const waiting: { count: number; resolve: () => void }[] = []
  const seen = { begun: 0, ended: 0 }
  const tell = (): void => {
    for (const { count, resolve } of waiting) if (seen.begun >= count) resolve()
  }
  const closings: Promise<unknown>[] = []
  const answer: Answerer = (_received, reply) => {
    closings.push(once(reply, 'close').then(() => (seen.ended += 1)))
    reply.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
    // More than the gateway may hold: it has to wait for a turn that never comes.
    for (let each = 0; each < 40; each += 1) reply.write(`: ${'x'.repeat(50_000)}\n\n`)
    seen.begun += 1
    tell()
  }
  return {
    answer,
    seen,
    begun: (count: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ count, resolve })
        tell()
      }),
    allEnded: () => Promise.all(closings),
  }
}

describe('requests sent ahead on one connection', () => {
  const listen = rawRequest('GET', '/mcp', { accept: 'text/event-stream' })
  const call = rawPost(toolCall('echo', {}))

  test('are answered in order', async () => {
    const { gateway } = await relay(({ body }, reply) => {
      const { id } = JSON.parse(body.toString()) as { id: number }
      reply.writeHead(200, { 'content-type': 'application/json', 'x-id': id }).end(response)
    })
    const { write, until, socket } = await openSocket(gateway.mcpUrl)
    write([1, 2, 3].map((id) => rawPost(toolCall('echo', {}, id))).join(''))
    const text = await until('x-id: 3')
    expect([...text.matchAll(/x-id: (\d)/g)].map(([, id]) => id)).toEqual(['1', '2', '3'])
    socket.destroy()
  })

  test('end at the upstream when the connection does', async () => {
    const { answer, begun, allEnded, seen } = endless()
    const { gateway } = await relay(answer)
    const { write, socket } = await openSocket(gateway.mcpUrl)
    write(listen + call.repeat(3))
    await begun(4)
    socket.destroy()
    await allEnded()
    expect(seen.ended).toBe(4)
  })

  test('do not hold up a stop once their client is gone', async () => {
    const { answer, begun, allEnded } = endless()
    const upstream = await startRawUpstream(answer)
    keep(upstream)
    const env = { UPSTREAM_URL: upstream.url, SHUTDOWN_TIMEOUT_MS: '60000' }
    const gateway = await startTestGateway(env)
    const { write, socket } = await openSocket(gateway.mcpUrl)
    write(call.repeat(4))
    await begun(4)
    socket.destroy()
    await allEnded()
    await gateway.close()
  })

  test('are too many when 16 wait, and then the connection ends', async () => {
    const { answer, allEnded, seen } = endless()
    const { gateway } = await relay(answer)
    const { write, closed } = await openSocket(gateway.mcpUrl)
    write(listen + call.repeat(50))
    await closed
    await allEnded()
    expect(seen.begun).toBeLessThanOrEqual(17)
    const other = await gateway.post(toolCall('echo', {}))
    expect(other.status).toBe(200)
    await other.body?.cancel()
  })
})

describe('what is no MCP request gets an answer in the one form', () => {
  test.each(['QUERY', 'PUT', 'PATCH', 'PROPFIND', 'HEAD'])(
    '%s is a 405 that says what is allowed',
    async (method) => {
      const { gateway, upstream } = await relay(result)
      const text = await ask(gateway, rawRequest(method, '/mcp'))
      expect(text).toMatch(/^HTTP\/1\.1 405 /)
      expect(text).toMatch(/\r\nallow: GET, POST, DELETE, OPTIONS\r\n/i)
      expect(upstream.received).toEqual([])
    },
  )

  test('with a body of any type, too', async () => {
    const { gateway } = await relay(result)
    const headers = { 'content-type': ';;;' }
    expect(await ask(gateway, rawRequest('PUT', '/mcp', headers, 'x'))).toMatch(/^HTTP\/1\.1 405 /)
    expect(await ask(gateway, rawRequest('PUT', '/x', headers, 'x'))).toMatch(/^HTTP\/1\.1 404 /)
  })

  test('a malformed URL meets the doorkeeper first', async () => {
    const { gateway } = await relay(result)
    const malformed = await ask(gateway, rawRequest('GET', '/%zz', { origin }))
    expect(malformed).toMatch(/^HTTP\/1\.1 400 /)
    expect(malformed).toContain('"code":-32600')
    expect(malformed).toContain(`access-control-allow-origin: ${origin}`)
    const foreign = await ask(gateway, rawRequest('GET', '/%zz', { host: 'evil.example' }))
    expect(foreign).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('browsers of an allowed origin can read why they were refused', () => {
  test.each([
    ['another path', rawRequest('GET', '/other', { origin }), 404],
    ['another method', rawRequest('PUT', '/mcp', { origin }), 405],
    ['another type', rawPost('x', { origin, 'content-type': ';;;' }), 415],
    ['too much', rawPost(toolCall('x'.repeat(5000)), { origin }), 413],
    ['no JSON', rawPost('{', { origin }), 400],
  ])('%s', async (_what, request, status) => {
    const { gateway } = await relay(result, { MAX_BODY_BYTES: '4096' })
    const text = await ask(gateway, request)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toContain(`access-control-allow-origin: ${origin}`)
  })

  test('others cannot', async () => {
    const { gateway } = await relay(result)
    const foreign = rawRequest('GET', '/other', { origin: 'https://evil.example' })
    const rebound = rawRequest('GET', '/other', { origin, host: 'evil.example' })
    for (const request of [foreign, rebound]) {
      expect(await ask(gateway, request)).not.toContain('access-control-allow-origin')
    }
  })

  test('the answer before a call has no length, as it has no body', async () => {
    const { gateway } = await relay(result)
    const text = await ask(gateway, rawRequest('OPTIONS', '/mcp', { origin }))
    expect(text).toMatch(/^HTTP\/1\.1 204 /)
    expect(text).not.toMatch(/content-length/i)
  })
})

describe('headers', () => {
  test('credentials and claims of origin stay here in every spelling, and arguments go on', async () => {
    const { gateway, upstream } = await relay(result)
    const stopped = {
      'X-Auth-Token': 'T1',
      'X-Forwarded-Access-Token': 'T2',
      'X-Goog-Iap-Jwt-Assertion': 'T3',
      'X-Amzn-Oidc-Data': 'T4',
      'Api-Key': 'T5',
      'X-Forwarded-Email': 'boss@example.org',
      'X-Forwarded-Groups': 'admin',
      'X-Forwarded-Proto': 'https',
      X_Forwarded_User: 'root',
      'X-Real-IP': '192.0.2.1',
      Forwarded: 'for=192.0.2.1',
    }
    const kept = { 'mcp-param-token': 'city', 'mcp-param-session': 's', 'x-request-id': '7' }
    await ask(gateway, rawPost(toolCall('echo', {}), { ...stopped, ...kept }))
    const sent = upstream.received[0]?.headers ?? {}
    expect(sent).toMatchObject(kept)
    for (const name of Object.keys(stopped)) expect(sent).not.toHaveProperty(name.toLowerCase())
  })

  test('of a trusted proxy about the way go on; those about the caller do not', async () => {
    const { gateway, upstream } = await relay(result, trustLoopback)
    const way = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
    await gateway.post(toolCall('echo', {}), {
      ...way,
      'x-forwarded-user': 'alice',
      'x-forwarded-groups': 'hr',
    })
    const sent = upstream.received[0]?.headers ?? {}
    expect(sent).toMatchObject(way)
    expect(sent).not.toHaveProperty('x-forwarded-user')
    expect(sent).not.toHaveProperty('x-forwarded-groups')
  })

  test.each(['mcp-method', 'mcp-name'])('%s beside a response is a mismatch', async (name) => {
    const { gateway, upstream } = await relay(result)
    const reply = await gateway.post(response, { [name]: 'tools/call' })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: -32020 } })
    expect(upstream.received).toEqual([])
  })

  test.each(['content-type', 'Accept, close', 'keep-alive,MCP-Protocol-Version', 'last-event-id '])(
    'Connection cannot take %s from a request',
    async (connection) => {
      const { gateway, upstream } = await relay(result)
      const posted = await ask(gateway, rawPost(toolCall('echo', {}), { connection }))
      expect(posted).toMatch(/^HTTP\/1\.1 400 [^]*"code":-32600/)
      const listening = await ask(gateway, rawRequest('GET', '/mcp', { connection }))
      expect(listening).toMatch(/^HTTP\/1\.1 400 /)
      expect(upstream.received).toEqual([])
    },
  )

  test('Connection takes what it may take', async () => {
    const { gateway, upstream } = await relay(result)
    const headers = { connection: 'Keep-Alive, x-hop, acceptable', 'x-hop': '1' }
    expect(await ask(gateway, rawPost(toolCall('echo', {}), headers))).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.received[0]?.headers).not.toHaveProperty('x-hop')
  })
})

describe('sessions', () => {
  test.each([
    ['over 1,024 characters', 'x'.repeat(1025)],
    ['with a blank', 'a, b'],
    ['outside ASCII', 'caf\xe9'],
  ])('an id %s names none', async (_what, id) => {
    const { gateway, upstream } = await relay(result)
    const text = await ask(gateway, rawPost(toolCall('echo', {}), { 'mcp-session-id': id }))
    expect(text).toMatch(/^HTTP\/1\.1 404 [^]*"code":-32001/)
    expect(upstream.received).toEqual([])
  })

  test('an empty id is as good as none', async () => {
    const { gateway, upstream } = await relay(result)
    const text = await ask(gateway, rawPost(toolCall('echo', {}), { 'mcp-session-id': '' }))
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.received[0]?.headers).not.toHaveProperty('mcp-session-id')
  })
})

test('who cannot be identified gets a challenge', async () => {
  const { gateway } = await relay(result, trustLoopback)
  const reply = await gateway.post(toolCall('echo', {}), {
    'x-forwarded-user': 'a',
    'x-forwarded-claims': '!!!',
  })
  expect(reply.status).toBe(401)
  expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer /)
})
