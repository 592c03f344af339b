import { expect, test } from 'vitest'
import { anonymous } from '../../src/domain/principal.js'
import { readCall } from '../../src/http/decode.js'
import { openSeal } from '../../src/sessions/seal.js'
import { createSessions } from '../../src/sessions/sessions.js'
import { readMessage } from '../../src/wire/message.js'

const caller = { principal: anonymous, requestIp: '127.0.0.1', headers: {} }
const parts = {
  identity: { authenticate: () => caller },
  sessions: createSessions(openSeal),
  server: 'default',
  terminated: false,
  now: () => 0,
  newId: () => 'id',
}

const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

function operationOf(method: string, params: object) {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const said = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
  }
  const headers = '_meta' in params ? said : {}
  return readCall(readMessage(Buffer.from(text)), { ...caller, headers }, parts).operation
}

test.each(['resources/subscribe', 'resources/unsubscribe'])(
  'that the modern era has no %s is left to the upstream to say',
  (method) => {
    expect(operationOf(method, { _meta: modern })).toMatchObject({ type: 'other', kind: method })
    expect(() => operationOf(method, {})).toThrow('needs "params.uri"')
  },
)

test('but a URI that stands there is what the call is judged by', () => {
  const uri = 'file:///etc/passwd'
  const operation = operationOf('resources/subscribe', { _meta: modern, uri })
  expect(operation).toEqual({ type: 'resource', kind: 'resources/subscribe', uri })
})
