import { afterEach, describe, expect, test } from 'vitest'
import { as, mcpHeaders, toolCall, trustLoopback } from '../support/gateway.js'
import { logged, startGoverned, type Governed } from '../support/governed.js'
import type { Answerer } from '../support/upstream.js'

const open: Governed[] = []
afterEach(async () => {
  for (const part of open.splice(0)) await part.close()
})

/** Issues the session `upstream-1` and knows no other. */
const sessionServer: Answerer = ({ method, headers, body }, response) => {
  if (method !== 'POST') {
    response.writeHead(headers['mcp-session-id'] === 'upstream-1' ? 200 : 404).end()
    return
  }
  const { id, method: kind } = JSON.parse(body.toString()) as { id?: number; method: string }
  if (kind !== 'initialize' && headers['mcp-session-id'] !== 'upstream-1') {
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end(
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}',
    )
    return
  }
  response.writeHead(200, {
    'content-type': 'application/json',
    ...(kind === 'initialize' ? { 'mcp-session-id': 'upstream-1' } : {}),
  })
  response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{}}`)
}

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'tester', version: '1.2' },
  },
})

async function governed(env: Record<string, string> = {}): Promise<Governed> {
  const started = await startGoverned(sessionServer, env)
  open.push(started)
  return started
}

async function begin({ gateway }: Governed, headers: Record<string, string> = {}): Promise<string> {
  const reply = await gateway.post(initialize, headers)
  return reply.headers.get('mcp-session-id') ?? ''
}

describe('with AUTH_MODE=none', () => {
  test('the id is relayed unchanged, both ways', async () => {
    const part = await governed()
    expect(await begin(part)).toBe('upstream-1')
    await part.gateway.post(toolCall('echo'), { 'mcp-session-id': 'upstream-1' })
    expect(part.upstream.received[1]?.headers['mcp-session-id']).toBe('upstream-1')
  })

  test('a session that the upstream lost is its 404', async () => {
    const { gateway } = await governed()
    const reply = await gateway.post(toolCall('echo'), { 'mcp-session-id': 'gone' })
    expect([reply.status, await reply.json()]).toMatchObject([404, { error: { code: -32001 } }])
  })
})

describe('with identities', () => {
  test('the id is sealed, and the upstream sees its own', async () => {
    const part = await governed(trustLoopback)
    const id = await begin(part, as('alice@org'))
    expect(id).not.toBe('upstream-1')
    const session = { 'mcp-session-id': id, ...as('alice@org') }
    expect((await part.gateway.post(toolCall('echo'), session)).status).toBe(200)
    const { mcpUrl } = part.gateway
    expect((await fetch(mcpUrl, { method: 'DELETE', headers: session })).status).toBe(200)
    expect(part.upstream.received.map(({ headers }) => headers['mcp-session-id'])).toEqual([
      undefined,
      'upstream-1',
      'upstream-1',
    ])
  })

  test.each<[string, (id: string) => Record<string, string>]>([
    ['of another principal', (id) => ({ 'mcp-session-id': id, ...as('mallory@org') })],
    ['of nobody', (id) => ({ 'mcp-session-id': id })],
    ['as the upstream knows it', () => ({ 'mcp-session-id': 'upstream-1', ...as('alice@org') })],
    ['with another seal', (id) => ({ 'mcp-session-id': `${id}x`, ...as('alice@org') })],
  ])(
    'an id %s is 404, for every method, and never reaches the upstream',
    async (_whose, headersOf) => {
      const part = await governed(trustLoopback)
      const headers = headersOf(await begin(part, as('alice@org')))
      const { mcpUrl } = part.gateway
      const replies = [
        await part.gateway.post(toolCall('echo'), headers),
        await part.gateway.post('{"jsonrpc":"2.0","id":1,"result":{}}', headers),
        await fetch(mcpUrl, { headers: { ...mcpHeaders, ...headers } }),
        await fetch(mcpUrl, { method: 'DELETE', headers }),
      ]
      expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 404])
      expect(await replies[0]?.json()).toMatchObject({ error: { message: 'Session not found' } })
      expect(part.upstream.received).toHaveLength(1)
    },
  )

  test('the record has a digest of the session, the same for all of its calls', async () => {
    const part = await governed(trustLoopback)
    const session = { 'mcp-session-id': await begin(part, as('alice@org')), ...as('alice@org') }
    await part.gateway.post(toolCall('echo'), session)
    await part.gateway.post(toolCall('echo'), session)
    const lines = (await logged(part.gateway, 'outcome', 3)).map((line) => line['session'])
    expect(lines[0]).toBeUndefined()
    expect(lines[1]).toMatch(/^[0-9a-f]{32}$/)
    expect(lines[2]).toBe(lines[1])
  })
})
