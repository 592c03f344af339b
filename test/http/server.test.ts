import { afterEach, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { createDoorkeeper } from '../../src/http/admission.js'
import type { Door } from '../../src/http/door.js'
import { createExchanges } from '../../src/http/exchanges.js'
import { createMcpServer } from '../../src/http/server.js'
import { createIdentity } from '../../src/identity/identity.js'
import { openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'
import { openSocket, rawPost, rawRequest } from '../support/socket.js'

let door: Door | undefined
afterEach(async () => {
  door?.cutOff()
  await door?.close()
})

const refuse = () => Promise.reject(new GatewayError('upstream_unavailable', 'Nobody is there'))

/** A front door with nothing behind it, and what it says of those whom it turned away. */
async function openDoor({ handle = refuse, onRefused = (): void => undefined } = {}) {
  const refused: string[] = []
  door = createMcpServer(
    {
      maxBodyBytes: 4096,
      routes: [
        {
          paths: ['/mcp'],
          pipeline: { handle, listen: refuse, end: refuse },
          sessions: createSessions(openSeal),
          server: 'default',
          terminated: false,
        },
      ],
    },
    {
      doorkeeper: createDoorkeeper({ allowedHosts: ['localhost'], allowedOrigins: [] }),
      exchanges: createExchanges(),
      identity: createIdentity({ modes: ['none'], trustedProxies: [] }),
      telling: { style: 'http', detail: 'full' },
      events: {
        ended: () => undefined,
        requestRefused: ({ code }, status) => {
          refused.push(`${status} ${code}`)
          onRefused()
        },
      },
      now: () => 0,
      newId: () => 'id',
    },
  )
  return { url: await door.listen({ host: '127.0.0.1', port: 0 }), refused, door }
}

test('an upload that its client breaks off is nobody’s error', async () => {
  const { url, refused, door } = await openDoor()
  const { write, socket, until } = await openSocket(url)
  write(rawRequest('GET', '/other'))
  await until('"error"')
  write(rawPost('{"json', { 'content-length': '500' }))
  socket.destroy()
  await door.close()
  expect(refused).toEqual(['404 not_found'])
})

test('every refusal is told once, with its status', async () => {
  const { url, refused } = await openDoor()
  const { write, until } = await openSocket(url)
  write(rawRequest('GET', '/%zz'))
  await until('malformed')
  write(rawRequest('PUT', '/mcp'))
  await until('PUT is not served')
  write(rawPost('{'))
  await until('-32700')
  expect(refused).toEqual(['400 invalid_request', '405 method_not_allowed', '400 parse_error'])
})

test('a request on an open connection is turned away while the gateway stops', async () => {
  const call = rawPost('{"jsonrpc":"2.0","id":1,"method":"ping"}', { origin: 'http://localhost' })
  const begun = createSignal()
  const turnedAway = createSignal()
  const { url, refused, door } = await openDoor({
    handle: async () => {
      begun.give()
      await turnedAway.given
      return refuse()
    },
    onRefused: turnedAway.give,
  })
  const { write, closed } = await openSocket(url)
  write(call)
  await begun.given
  const stopped = door.close()
  write(call)
  const text = await closed
  expect(text).toMatch(/^HTTP\/1\.1 502 /)
  const second = text.slice(text.lastIndexOf('HTTP/1.1'))
  expect(second).toMatch(/^HTTP\/1\.1 503 [^]*"jsonrpc":"2\.0"/)
  expect(second).toMatch(/connection: close/i)
  expect(second).toContain('access-control-allow-origin: http://localhost')
  expect(refused).toEqual(['503 stopping'])
  await stopped
})

function createSignal() {
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => (give = resolve))
  return { given, give }
}
