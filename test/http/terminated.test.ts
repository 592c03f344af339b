import { classifyInboundRequest } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { admitPosted, admitStream } from '../../src/http/terminated.js'
import { readMessage } from '../../src/wire/message.js'
import { wire } from '../../src/wire/refusal.js'

type Headers = Record<string, string>

const both = { accept: 'application/json, text/event-stream' }
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const standard = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }

const request = (method: string, params?: object): object => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params === undefined ? {} : { params }),
})

/** `modern`, `legacy`, or the code of the refusal. */
function posted(body: object, headers: Headers = {}): string {
  try {
    return admitPosted(readMessage(Buffer.from(JSON.stringify(body))), { ...both, ...headers })
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
}

describe('a modern request', () => {
  const listing = request('tools/list', { _meta: envelope })

  test('is admitted with its envelope and its headers', () => {
    expect(posted(listing, standard)).toBe('modern')
  })

  test.each(['mcp-protocol-version', 'mcp-method'])('needs %s', (name) => {
    const rest = Object.entries(standard).filter(([header]) => header !== name)
    expect(posted(listing, Object.fromEntries(rest))).toBe('header_mismatch')
  })

  test.each([
    ['tools/call', { name: 'echo' }, 'echo'],
    ['prompts/get', { name: 'greet' }, 'greet'],
    ['resources/read', { uri: 'file:///a' }, 'file:///a'],
    ['tasks/get', { taskId: 't' }, 't'],
  ])('%s needs Mcp-Name', (method, params, name) => {
    const call = request(method, { ...params, _meta: envelope })
    const headers = { ...standard, 'mcp-method': method }
    expect(posted(call, headers)).toBe('header_mismatch')
    expect(posted(call, { ...headers, 'mcp-name': name })).toBe('modern')
    expect(posted(call, { ...headers, 'mcp-name': 'other' })).toBe('header_mismatch')
    expect(posted(call, { ...headers, 'mcp-name': '=?base64?!!?=' })).toBe('header_mismatch')
  })

  test.each([
    { 'io.modelcontextprotocol/clientCapabilities': undefined },
    { 'io.modelcontextprotocol/clientCapabilities': [] },
    { 'io.modelcontextprotocol/clientInfo': { name: 'nameless version' } },
    { 'io.modelcontextprotocol/logLevel': 'loud' },
    { 'io.modelcontextprotocol/protocolVersion': 7 },
    { progressToken: 1.5 },
  ])('needs an envelope that is whole: %o', (change) => {
    const broken = request('tools/list', { _meta: { ...envelope, ...change } })
    expect(posted(broken, standard)).toBe('invalid_params')
  })

  test('without an envelope is told so', () => {
    expect(posted(request('tools/list'), standard)).toBe('invalid_params')
    expect(posted(request('tools/list', { _meta: {} }), standard)).toBe('invalid_params')
  })

  test('of a revision that is not served is told which are', () => {
    const meta = { ...envelope, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }
    const headers = { ...standard, 'mcp-protocol-version': '2099-01-01' }
    const message = readMessage(Buffer.from(JSON.stringify(request('tools/list', { _meta: meta }))))
    expect(() => admitPosted(message, headers)).toThrow(
      expect.objectContaining({
        code: 'unsupported_version',
        data: { supported: ['2026-07-28'], requested: '2099-01-01' },
      }),
    )
  })

  test.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'roots/list'])(
    'for %s finds no such method',
    (method) => {
      const call = request(method, { _meta: envelope })
      expect(posted(call, { ...standard, 'mcp-method': method })).toBe('method_not_found')
    },
  )

  test('may be of an extension', () => {
    const call = request('skills/list', { _meta: envelope })
    expect(posted(call, { ...standard, 'mcp-method': 'skills/list' })).toBe('modern')
  })
})

describe('a legacy request', () => {
  const session = { 'mcp-session-id': 's' }

  test('needs a session, except initialize', () => {
    expect(posted(request('tools/list'), session)).toBe('legacy')
    expect(posted(request('tools/list'))).toBe('session_required')
    expect(posted({ jsonrpc: '2.0', id: 1, result: {} })).toBe('session_required')
    expect(posted(request('initialize', { protocolVersion: '2025-11-25' }))).toBe('legacy')
  })

  test('needs a client that takes JSON and event streams', () => {
    for (const accept of ['application/json', 'text/event-stream', '']) {
      expect(posted(request('tools/list'), { ...session, accept })).toBe('not_acceptable')
    }
    expect(posted(request('tools/list'), { ...session, accept: '*/*' })).toBe('legacy')
  })

  test('may name no revision that is unknown', () => {
    const headers = { ...session, 'mcp-protocol-version': '1999-01-01' }
    expect(posted(request('tools/list'), headers)).toBe('unknown_revision')
  })

  test('has no method of the modern era', () => {
    expect(posted(request('server/discover'), session)).toBe('method_not_found')
  })
})

test('a response has no place in the modern era', () => {
  const headers = { 'mcp-protocol-version': '2026-07-28' }
  expect(posted({ jsonrpc: '2.0', id: 1, result: {} }, headers)).toBe('invalid_request')
})

test('streams are of the legacy era, and of a session', () => {
  const session = { 'mcp-session-id': 's' }
  const admit = (method: string, headers: Headers) => () => admitStream(method, headers)
  const code = (name: string) => expect.objectContaining({ code: name }) as Error
  expect(admit('GET', { ...session, accept: 'text/event-stream' })).not.toThrow()
  expect(admit('DELETE', session)).not.toThrow()
  expect(admit('GET', { ...session, accept: 'application/json' })).toThrow(code('not_acceptable'))
  expect(admit('GET', { accept: 'text/event-stream' })).toThrow(code('session_required'))
  for (const method of ['GET', 'DELETE']) {
    const modern = { ...session, 'mcp-protocol-version': '2026-07-28' }
    expect(admit(method, modern)).toThrow(code('post_only'))
  }
})

/** What is not for the classifier to say: it does not look at these. */
const further = {
  modern: ['modern', 'unsupported_version', 'header_mismatch', 'method_not_found'],
  legacy: ['legacy', 'session_required', 'unknown_revision', 'method_not_found'],
}

describe('the reference implementation classifies alike', () => {
  const version = 'io.modelcontextprotocol/protocolVersion'
  const metas = [
    undefined,
    {},
    { progressToken: 1 },
    envelope,
    { ...envelope, [version]: '2025-11-25' },
    { ...envelope, [version]: '2099-01-01' },
    { ...envelope, [version]: null },
    { [version]: '2026-07-28' },
    { ...envelope, 'io.modelcontextprotocol/clientInfo': 'x' },
  ]
  const bodies = metas.flatMap((_meta) => [
    request('tools/list', _meta === undefined ? undefined : { _meta }),
    request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
      ...(_meta === undefined ? {} : { _meta }),
    }),
    {
      jsonrpc: '2.0',
      method: 'notifications/custom',
      ...(_meta === undefined ? {} : { params: { _meta } }),
    },
  ])
  const versions = [undefined, '2026-07-28', ' 2026-07-28\t', '2025-11-25', '2099-01-01', 'x']
  const methods = [undefined, 'tools/list', 'initialize', 'notifications/custom']

  test.each(bodies.map((body) => [JSON.stringify(body), body] as const))('%s', (_text, body) => {
    for (const revision of versions) {
      for (const method of methods) {
        const headers: Headers = {
          ...(revision === undefined ? {} : { 'mcp-protocol-version': revision }),
          ...(method === undefined ? {} : { 'mcp-method': method }),
        }
        const outcome = classifyInboundRequest({
          httpMethod: 'POST',
          body,
          ...(revision === undefined ? {} : { protocolVersionHeader: revision }),
          ...(method === undefined ? {} : { mcpMethodHeader: method }),
        })
        const ours = posted(body, headers)
        const about = `${JSON.stringify(headers)} ${JSON.stringify(outcome)}`
        // We refuse a false Mcp-Method in the legacy era too.
        const isDeceiving = method !== undefined && method !== (body as { method: string }).method
        if (outcome.kind !== 'reject') {
          const fine = isDeceiving ? ['header_mismatch'] : []
          expect([...further[outcome.kind], ...fine], about).toContain(ours)
        } else if (!(isDeceiving && ours === 'header_mismatch')) {
          expect(wire[ours as keyof typeof wire].rpc, about).toBe(outcome.code)
        }
      }
    }
  })
})
