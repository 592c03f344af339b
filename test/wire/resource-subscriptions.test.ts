import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/wire/message.js'
import { readSubscriptions, withoutSubscriptions } from '../../src/wire/resource-subscriptions.js'

function listening(params: string) {
  const text = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":${params}}`
  const message = readMessage(Buffer.from(text))
  if (message.form === 'response') throw new Error('not a request')
  return message
}

const asking = (uris: string) =>
  listening(`{"notifications":{"x":["a"],"resourceSubscriptions":${uris},"y":{"z":"a"}}}`)

describe('the resources of a subscription', () => {
  test('are its URIs, each once', () => {
    expect(readSubscriptions(asking('["b","a","\\u0061"]'))).toEqual(['b', 'a'])
    expect(readSubscriptions(asking('[]'))).toEqual([])
  })

  test('are none where it names none', () => {
    for (const params of [
      '{}',
      '{"notifications":{}}',
      '{"notifications":{"toolsListChanged":true}}',
    ]) {
      expect(readSubscriptions(listening(params))).toEqual([])
    }
  })

  test.each([
    '{"notifications":null}',
    '{"notifications":["a"]}',
    '{"notifications":{"resourceSubscriptions":"a"}}',
    '{"notifications":{"resourceSubscriptions":{"0":"a"}}}',
    '{"notifications":{"resourceSubscriptions":[1]}}',
    '{"notifications":{"resourceSubscriptions":[["a"]]}}',
    '{"notifications":{"ResourceSubscriptions":["a"]}}',
  ])('cannot be read without doubt in %s', (params) => {
    expect(() => readSubscriptions(listening(params))).toThrow(
      expect.objectContaining({ code: 'invalid_params' }),
    )
  })

  test.each([
    ['["a"]', '[]'],
    ['[ "a" , "b" ]', '[ "b" ]'],
    ['["b","\\u0061","a"]', '["b"]'],
    ['["b"]', '["b"]'],
  ])('can be taken out, however they are spelled: %s', (before, after) => {
    const left = withoutSubscriptions(asking(before), new Set(['a']))
    expect(left.toString()).toBe(asking(after).text.toString())
  })
})
