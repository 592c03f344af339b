import { describe, expect, test } from 'vitest'
import type { Call } from '../../src/domain/call.js'
import type { Operation } from '../../src/domain/operation.js'
import { createCallDescriber, inputAt, policyInput } from '../../src/domain/policy-input.js'
import { anonymous } from '../../src/domain/principal.js'

const time = Date.UTC(2026, 10, 20, 10)

const message = Buffer.from(
  '{"method":"tools/call","params":{"name":"weather.get","arguments":{"city":"Bérlin", "n": 1e400, "z":1.0}}}',
)

function spanOf(text: Buffer, part: string) {
  const start = text.indexOf(part)
  return { start, end: start + Buffer.byteLength(part) }
}

const args = spanOf(message, '{"city":"Bérlin", "n": 1e400, "z":1.0}')

function call(changes: Partial<Call> = {}, operation?: Operation): Call {
  return {
    id: 'c1',
    message: {
      form: 'request',
      text: message,
      id: '1',
      method: 'tools/call',
      params: undefined,
      wellFormed: true,
    },
    operation: operation ?? { type: 'tool', kind: 'tools/call', name: 'weather.get', args },
    direction: 'to_server',
    principal: {
      id: 'alice@org',
      roles: ['dev'],
      teams: ['core'],
      authenticated: true,
      via: 'jwt',
      claims: { department: 'hr' },
    },
    claimed: { name: 'desk', version: '1.2' },
    server: 'weather',
    session: { id: 'digest', upstreamId: 'live' },
    headers: { 'user-agent': 'desk/1.2' },
    requestIp: '192.0.2.44',
    protocol: '2025-11-25',
    time,
    era: 'legacy',
    ...changes,
  }
}

function textOf(document: Buffer): string {
  return Buffer.from(document).toString()
}

function documentOf(judged: Call, inputHeaders: 'all' | readonly string[] = 'all'): unknown {
  return JSON.parse(textOf(policyInput({ call: judged, hook: 'pre', time, inputHeaders }).document))
}

test('a tool call becomes the document that policies are written for', () => {
  const judged = call(
    {},
    { type: 'tool', kind: 'tools/call', name: 'weather.get', args: undefined },
  )
  expect(documentOf(judged)).toEqual({
    kind: 'tools/call',
    hook: 'pre',
    direction: 'to_server',
    user: {
      id: 'alice@org',
      roles: ['dev'],
      teams: ['core'],
      authenticated: true,
      via: 'jwt',
      claims: { department: 'hr' },
    },
    client: { id: '', claimed: { name: 'desk', version: '1.2' } },
    server: 'weather',
    tool: { name: 'weather.get', args: {}, annotations: {}, action_class: 'unknown' },
    request_ip: '192.0.2.44',
    headers: { 'user-agent': 'desk/1.2' },
    session: { id: 'digest' },
    protocol: '2025-11-25',
    time: '2026-11-20T10:00:00.000Z',
    time_ns: 1795168800000000000,
  })
})

test('arguments enter with the bytes of the message, numbers and spaces included', () => {
  const { document } = policyInput({ call: call(), hook: 'pre', time, inputHeaders: 'all' })
  expect(textOf(document)).toContain('"args":{"city":"Bérlin", "n": 1e400, "z":1.0}')
})

test('nanoseconds are exact, at the epoch too', () => {
  const text = (at: number) =>
    textOf(policyInput({ call: call(), hook: 'pre', time: at, inputHeaders: 'all' }).document)
  expect(text(1795168800123)).toContain('"time_ns":1795168800123000000}')
  expect(text(0)).toContain('"time_ns":0}')
  expect(() => JSON.parse(text(0)) as unknown).not.toThrow()
})

test('what is known of a called tool stands in the document and beside it', () => {
  const asked: string[] = []
  const describeCall = createCallDescriber('all', (server, tool) => {
    asked.push(`${server}/${tool}`)
    return { annotations: '{"readOnlyHint":true}', actionClass: 'read' }
  })
  const { document, actionClass } = inputAt(describeCall(call()), { hook: 'pre', time })
  expect(textOf(document)).toContain('"annotations":{"readOnlyHint":true},"action_class":"read"}')
  expect(actionClass).toBe('read')
  const resource = { type: 'resource', kind: 'resources/read', uri: 'a:b' } as const
  expect(inputAt(describeCall(call({}, resource)), { hook: 'pre', time }).actionClass).toBe(
    'unknown',
  )
  expect(asked).toEqual(['weather/weather.get'])
})

describe('other operations', () => {
  test.each([
    [
      { type: 'resource', kind: 'resources/read', uri: 'file:///a"b' },
      { resource: { uri: 'file:///a"b' } },
    ],
    [
      { type: 'prompt', kind: 'prompts/get', name: 'greet', args: undefined },
      { prompt: { name: 'greet', args: {} } },
    ],
    [{ type: 'other', kind: 'ping', params: undefined }, { params: {} }],
    [
      { type: 'other', kind: 'x', params: spanOf(message, '"weather.get"') },
      { params: 'weather.get' },
    ],
  ] as const)('%j', (operation, expected) => {
    expect(documentOf(call({}, operation))).toMatchObject({ kind: operation.kind, ...expected })
    expect(documentOf(call({}, operation))).not.toHaveProperty('tool')
  })
})

describe('what is not known', () => {
  test('an anonymous caller has no id and no roles', () => {
    expect(documentOf(call({ principal: anonymous }))).toMatchObject({
      user: { id: '', roles: [], teams: [], authenticated: false, via: 'none', claims: {} },
    })
  })

  test('a session is left out where there is none', () => {
    expect(documentOf(call({ session: undefined }))).not.toHaveProperty('session')
  })

  test('a client that said nothing of itself claims nothing', () => {
    expect(documentOf(call({ claimed: undefined }))).toMatchObject({
      client: { id: '', claimed: {} },
    })
  })
})

describe('headers', () => {
  const headers = {
    accept: 'text/html',
    authorization: 'Bearer s',
    cookie: 's',
    'proxy-authorization': 's',
    'x-api-key': 's',
    'x-goog-api-key': 's',
    'x-auth-token': 's',
    'x-amz-security-token': 's',
    'x-amzn-oidc-data': 's',
    'cf-access-jwt-assertion': 's',
    'x-client-secret': 's',
    'mcp-session-id': 's',
    'x-forwarded-user': 's',
    'x-forwarded-roles': 's',
    'x-forwarded-teams': 's',
    'x-forwarded-claims': 's',
    'x-team': 'core',
  }

  test('are shown without credentials, live session id and identity', () => {
    expect(documentOf(call({ headers }))).toMatchObject({
      headers: { accept: 'text/html', 'x-team': 'core' },
    })
    expect(JSON.stringify(documentOf(call({ headers })))).not.toContain('Bearer')
  })

  test('may be cut to a list, which cannot bring credentials back', () => {
    const shown = documentOf(call({ headers }), ['x-team', 'authorization'])
    expect(shown).toMatchObject({ headers: { 'x-team': 'core' } })
    expect((shown as { headers: object }).headers).toEqual({ 'x-team': 'core' })
  })

  test('named like a prototype are ordinary members', () => {
    const odd = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>
    const { document } = policyInput({
      call: call({ headers: odd }),
      hook: 'pre',
      time,
      inputHeaders: 'all',
    })
    expect(textOf(document)).toContain('"headers":{"__proto__":"x","constructor":"y"}')
  })
})

describe('responses', () => {
  const text = Buffer.from(
    '{"id":1,"result":{"content":[{"text":"ünï","n":1e400}]},"error":{"code":-1}}',
  )

  test('enter with their own bytes', () => {
    const span = spanOf(text, '{"content":[{"text":"ünï","n":1e400}]}')
    const response = { text, span, isError: false }
    const { document } = policyInput({
      call: call(),
      hook: 'post',
      time,
      inputHeaders: 'all',
      response,
    })
    expect(textOf(document)).toMatch(/,"response":\{"content":\[\{"text":"ünï","n":1e400\}\]\}\}$/)
    expect(JSON.parse(textOf(document))).toMatchObject({ hook: 'post' })
  })

  test('that are errors stand under "error"', () => {
    const response = { text, span: spanOf(text, '{"code":-1}'), isError: true }
    const { document } = policyInput({
      call: call(),
      hook: 'post',
      time,
      inputHeaders: 'all',
      response,
    })
    expect(JSON.parse(textOf(document))).toMatchObject({ response: { error: { code: -1 } } })
  })
})

test('one description of a call serves all its hooks', () => {
  const description = createCallDescriber('all')(call())
  const pre = inputAt(description, { hook: 'pre', time })
  expect(textOf(pre.document)).toBe(
    textOf(policyInput({ call: call(), hook: 'pre', time, inputHeaders: 'all' }).document),
  )
  expect(textOf(inputAt(description, { hook: 'post', time }).document)).toContain('"hook":"post"')
})

test('lone surrogates in what was not in the message are replaced, and text that only looks so is kept', () => {
  const claims = { a: 'x\ud800y', b: '\\ud800', c: '😀', d: '\\\udfff' }
  const judged = call({ principal: { ...anonymous, claims } })
  expect(documentOf(judged)).toMatchObject({
    user: { claims: { a: 'x\ufffdy', b: '\\ud800', c: '😀', d: '\\\ufffd' } },
  })
})
