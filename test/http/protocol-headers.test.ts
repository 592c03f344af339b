import { afterEach, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { createDoorkeeper, preflightHeaders } from '../../src/http/admission.js'
import type { Door } from '../../src/http/door.js'
import { createExchanges } from '../../src/http/exchanges.js'
import { createMcpServer } from '../../src/http/server.js'
import { createIdentity } from '../../src/identity/identity.js'
import { openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'
import { openSocket, rawRequest } from '../support/socket.js'

let door: Door | undefined
afterEach(async () => {
  door?.cutOff()
  await door?.close()
})

const refuse = () => Promise.reject(new GatewayError('upstream_unavailable', 'Nobody is there'))

async function openDoor(terminated: boolean): Promise<string> {
  door = createMcpServer(
    {
      maxBodyBytes: 4096,
      routes: [
        {
          paths: ['/mcp'],
          pipeline: { handle: refuse, listen: refuse, end: refuse },
          sessions: createSessions(openSeal),
          server: 'default',
          terminated,
        },
      ],
    },
    {
      doorkeeper: createDoorkeeper({
        allowedHosts: ['127.0.0.1', 'localhost'],
        allowedOrigins: [],
      }),
      exchanges: createExchanges(),
      identity: createIdentity({ modes: ['none'], trustedProxies: [] }),
      telling: { style: 'http', detail: 'full' },
      events: { ended: () => undefined, requestRefused: () => undefined },
      now: () => 0,
      newId: () => 'id',
    },
  )
  return door.listen({ host: '127.0.0.1', port: 0 })
}

test.each(['Mcp-Method', 'mcp-name', 'MCP-Protocol-Version', 'Mcp-Session-Id', 'Mcp-Param-City'])(
  '%s may come once only, on any route',
  async (name) => {
    for (const terminated of [false, true]) {
      const { write, until } = await openSocket(await openDoor(terminated))
      write(
        rawRequest('GET', '/mcp').replace(
          '\r\n\r\n',
          `\r\n${name}: a\r\n${name.toLowerCase()}: a\r\n\r\n`,
        ),
      )
      expect(await until('-32020')).toMatch(/^HTTP\/1\.1 400 /)
      door?.cutOff()
      await door?.close()
    }
  },
)

test('where the gateway is the server, the modern era knows POST only', async () => {
  const url = await openDoor(true)
  for (const method of ['GET', 'DELETE']) {
    const headers = { 'mcp-protocol-version': '2026-07-28', accept: 'text/event-stream' }
    const answer = await fetch(`${url}/mcp`, { method, headers })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
  }
})

test('where it is not, that is for the upstream to say', async () => {
  const url = await openDoor(false)
  const headers = { 'mcp-protocol-version': '2026-07-28' }
  expect((await fetch(`${url}/mcp`, { headers })).status).toBe(502)
})

test('a browser may send the mirrored arguments that it asks for, and no other header', () => {
  const allowed = (asked?: string): string =>
    preflightHeaders(asked).find(([name]) => name === 'access-control-allow-headers')?.[1] ?? ''
  expect(allowed('mcp-param-city, x-other,Mcp-Param-Größe, mcp-param-')).toMatch(
    /Last-Event-ID, mcp-param-city$/,
  )
  expect(allowed()).toMatch(/Last-Event-ID$/)
})
