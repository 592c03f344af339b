import { expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import type { PolicyCase } from '../../src/domain/policy-case.js'
import { anonymous } from '../../src/domain/principal.js'
import { inputsOfCase } from '../../src/wire/case-input.js'

const time = Date.parse('2026-01-01T00:00:00Z')

const base: PolicyCase = {
  name: 'a',
  place: 'cases/a.yaml:1',
  mode: 'enforce',
  hook: undefined,
  user: anonymous,
  server: 'weather',
  method: 'tools/call',
  params: '{"name":"weather.get","arguments":{"city":"Berlin"}}',
  response: { type: 'none' },
  tool: {
    outputSchema: undefined,
    annotations: undefined,
    actionClass: undefined,
    dryRunArgument: undefined,
  },
  circumstances: {
    headers: { 'x-purpose': 'audit', authorization: 'secret' },
    time,
    requestIp: '192.0.2.44',
    claimed: { name: 'agent', version: '2' },
    sessionId: 'd1',
  },
  expect: {
    effect: 'allow',
    would: undefined,
    code: undefined,
    reason: undefined,
    layer: undefined,
    rules: [],
    warnings: [],
    trial: [],
    patchedArgs: undefined,
    lists: [],
    hides: [],
    resultContains: [],
    resultNotContains: [],
  },
}

const documentsOf = (change: Partial<PolicyCase> = {}): unknown[] =>
  inputsOfCase({ ...base, ...change }).map(
    ({ document }) => JSON.parse(document.toString()) as unknown,
  )
const documentOf = (change: Partial<PolicyCase>): unknown => documentsOf(change).at(-1)

test('policy is asked what a gateway would ask it', () => {
  const [input, ...others] = inputsOfCase(base)
  expect(others).toEqual([])
  expect(input).toMatchObject({ hook: 'pre', time, actionClass: 'unknown' })
  expect(documentsOf()).toEqual([
    expect.objectContaining({
      kind: 'tools/call',
      hook: 'pre',
      direction: 'to_server',
      server: 'weather',
      tool: {
        name: 'weather.get',
        args: { city: 'Berlin' },
        annotations: {},
        action_class: 'unknown',
      },
      user: expect.objectContaining({ id: '', roles: [], authenticated: false }) as unknown,
      client: { id: '', claimed: { name: 'agent', version: '2' } },
      session: { id: 'd1' },
      request_ip: '192.0.2.44',
      time: '2026-01-01T00:00:00.000Z',
      headers: { 'x-purpose': 'audit' },
    }),
  ])
})

test('what a case says of its tool is what policy reads of it', () => {
  const tool = { ...base.tool, annotations: { readOnlyHint: true }, actionClass: 'read' } as const
  expect(documentOf({ tool })).toMatchObject({
    tool: { annotations: { readOnlyHint: true }, action_class: 'read' },
  })
})

test('a call with a response is judged before and behind, and as far as a case says', () => {
  const response = { type: 'given', text: '{"code":1}', isError: false } as const
  expect(documentsOf({ response })).toMatchObject([
    { hook: 'pre' },
    { hook: 'post', response: { code: 1 } },
  ])
  expect(documentsOf({ hook: 'post', response })).toHaveLength(1)
  const error = { ...response, isError: true }
  expect(documentOf({ response: error })).toMatchObject({ response: { error: { code: 1 } } })
  expect(documentsOf({ response: { type: 'live' } })).toMatchObject([{ hook: 'pre' }])
})

test('resources, prompts, notifications and requests of a server are told apart', () => {
  expect(documentOf({ method: 'resources/read', params: '{"uri":"file:///x"}' })).toMatchObject({
    resource: { uri: 'file:///x' },
  })
  expect(documentOf({ method: 'prompts/get', params: '{"name":"greet"}' })).toMatchObject({
    prompt: { name: 'greet', args: {} },
  })
  expect(documentOf({ method: 'notifications/initialized', params: '{}' })).toMatchObject({
    kind: 'notifications/initialized',
  })
  expect(documentOf({ method: 'sampling/createMessage', params: '{}' })).toMatchObject({
    direction: 'to_client',
  })
})

test('a call without what its method needs is refused', () => {
  expect(() => documentOf({ params: '{}' })).toThrow(GatewayError)
})
