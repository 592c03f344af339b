import { expect, test } from 'vitest'
import { parseRego } from '../../../src/policy/rego-text.js'
import { call, chargeOf } from './calls.js'

const patch = (document: string, ...operations: readonly string[]): string | undefined =>
  call('json.patch', document, `[${operations.join()}]`)

test('a patch is applied as a whole or not at all', () => {
  const rename = '{"op":"move","from":"/a","path":"/b"}'
  expect(patch('{"a":1}', rename)).toBe('{"b":1}')
  expect(patch('{"a":1}', rename, '{"op":"test","path":"/a","value":1}')).toBeUndefined()
})

test('numbers keep their digits', () => {
  const large = '12345678901234567890123'
  expect(patch(`{"a":${large}}`, '{"op":"copy","from":"/a","path":"/b"}')).toBe(
    `{"a":${large},"b":${large}}`,
  )
})

test('the whole document can be replaced and changed after that, with which OPA ends', () => {
  const replace = '{"op":"replace","path":"","value":{}}'
  expect(patch('{"a":1}', replace, '{"op":"add","path":"/b","value":1}')).toBe('{"b":1}')
  expect(patch('1', replace, '{"op":"add","path":"/b","value":1}')).toBe('{"b":1}')
})

test('a document that is removed leaves nothing, with which OPA ends', () => {
  expect(patch('{"a":1}', '{"op":"remove","path":""}')).toBeUndefined()
})

test('a member that is gone from a set is not found, with which OPA ends', () => {
  const [remove, look] = ['{"op":"remove","path":[1]}', '{"op":"test","path":[1],"value":1}']
  expect(patch('{1,2}', remove)).toBe('{2}')
  expect(patch('{1,2}', remove, look)).toBeUndefined()
})

test('elements of all kinds move up when one is put before them, of which OPA loses some', () => {
  const put = (path: string, value: string): string =>
    `{"op":"add","path":"${path}","value":${value}}`
  expect(patch('[]', put('/0', '{}'), put('/0', '1'), put('/0', '[]'), put('/0', '2'))).toBe(
    '[2,[],1,{}]',
  )
})

test('a part can be moved into another again and again, but not deeper than a value may be', () => {
  const down = [
    '{"op":"add","path":"/y","value":{}}',
    '{"op":"move","from":"/x","path":"/y/x"}',
    '{"op":"move","from":"/y","path":"/x"}',
  ]
  const levels = (count: number): readonly string[] => [
    '{"op":"add","path":"/x","value":1}',
    ...(Array(count).fill(down).flat() as string[]),
  ]
  expect(patch('{}', ...levels(10))).toContain('{"x":{"x":{"x":')
  expect(patch('{}', ...levels(1100))).toBeUndefined()
})

test('copies that double the document are charged as they grow', () => {
  const copies = Array.from({ length: 40 }, (_, n) => `{"op":"copy","from":"","path":"/${n}"}`)
  const args = [parseRego('{"a":"some text"}'), parseRego(`[${copies.join()}]`)]
  expect(chargeOf('json.patch', args, 25_000_000)).toBeGreaterThan(25_000_000)
})

test('a hundred thousand operations cost more than any budget', () => {
  const operation = parseRego('{"op":"add","path":"/-","value":1}')
  const args = [[], Array(100_000).fill(operation)]
  expect(chargeOf('json.patch', args, 25_000_000)).toBeGreaterThan(25_000_000)
})

test('a few changes of an ordinary document cost little', () => {
  const args = [
    parseRego('{"a":{"b":[1,2,3]},"c":"text"}'),
    parseRego('[{"op":"remove","path":"/a/b/0"}]'),
  ]
  expect(chargeOf('json.patch', args, 1e9)).toBeLessThan(100_000)
})
