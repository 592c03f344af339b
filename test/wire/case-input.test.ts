import { expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import type { PolicyCase } from '../../src/domain/policy-case.js'
import { anonymous } from '../../src/domain/principal.js'
import { inputOfCase } from '../../src/wire/case-input.js'

const base: PolicyCase = {
  name: 'a',
  place: 'cases/a.yaml:1',
  hook: 'pre',
  user: anonymous,
  server: 'weather',
  method: 'tools/call',
  params: '{"name":"weather.get","arguments":{"city":"Berlin"}}',
  response: undefined,
  headers: { 'x-purpose': 'audit', authorization: 'secret' },
  time: Date.parse('2026-01-01T00:00:00Z'),
  expect: {
    effect: 'allow',
    code: undefined,
    reason: undefined,
    rules: undefined,
    patchedArgs: undefined,
    resultContains: [],
    resultNotContains: [],
  },
}
const documentOf = (change: Partial<PolicyCase>): unknown =>
  JSON.parse(inputOfCase({ ...base, ...change }).document.toString())

test('policy is asked what a gateway would ask it', () => {
  const input = inputOfCase(base)
  expect(input).toMatchObject({ hook: 'pre', time: base.time })
  expect(JSON.parse(input.document.toString())).toMatchObject({
    kind: 'tools/call',
    hook: 'pre',
    direction: 'to_server',
    server: 'weather',
    tool: { name: 'weather.get', args: { city: 'Berlin' } },
    user: { id: '', roles: [], authenticated: false },
    time: '2026-01-01T00:00:00.000Z',
    headers: { 'x-purpose': 'audit' },
  })
  expect(input.document.toString()).not.toContain('secret')
})

test('a response is judged as a result or as an error', () => {
  const response = { text: '{"code":1}', isError: false }
  expect(documentOf({ hook: 'post', response })).toMatchObject({
    hook: 'post',
    response: { code: 1 },
  })
  const error = { ...response, isError: true }
  expect(documentOf({ hook: 'post', response: error })).toMatchObject({
    response: { error: { code: 1 } },
  })
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
