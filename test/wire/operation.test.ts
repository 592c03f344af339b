import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/wire/message.js'
import { readClaimedClient, readOperation, readProtocolVersion } from '../../src/wire/operation.js'

function asking(method: string, params?: string) {
  const text = `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}}`
  const message = readMessage(Buffer.from(text))
  if (message.form === 'response') throw new Error('not a request')
  return message
}

const operation = (method: string, params?: string) => readOperation(asking(method, params))

describe('an operation is what the message asks for', () => {
  test('a call names its tool, and its arguments where they stand', () => {
    const message = asking('tools/call', '{"name":"a\\u0062c","arguments":{"n":1.0}}')
    const read = readOperation(message)
    expect(read).toMatchObject({ type: 'tool', kind: 'tools/call', name: 'abc' })
    if (read.type !== 'tool' || read.args === undefined) throw new Error('no arguments')
    expect(message.text.toString('utf8', read.args.start, read.args.end)).toBe('{"n":1.0}')
  })

  test('a call without arguments has none', () => {
    expect(operation('tools/call', '{"name":"a"}')).toMatchObject({ name: 'a', args: undefined })
  })

  test('a read names its resource, a get its prompt, anything else itself', () => {
    expect(operation('resources/read', '{"uri":"file:///a"}')).toMatchObject({ uri: 'file:///a' })
    expect(operation('prompts/get', '{"name":"greet"}')).toMatchObject({ type: 'prompt' })
    expect(operation('acme/thing')).toEqual({
      type: 'other',
      kind: 'acme/thing',
      params: undefined,
    })
  })

  test.each([
    ['tools/call', undefined],
    ['tools/call', '{}'],
    ['tools/call', '{"name":7}'],
    ['tools/call', '{"name":"a","arguments":null}'],
    ['tools/call', '{"name":"a","arguments":[]}'],
    ['tools/call', '{"name":"a","arguments":"{}"}'],
    ['prompts/get', '{"name":"a","arguments":7}'],
    ['resources/read', '{}'],
    ['resources/read', '{"uri":"etc/passwd"}'],
    ['resources/read', '{"uri":""}'],
    ['resources/read', '{"uri":"file:///a\\n/../b"}'],
    ['resources/subscribe', '{"uri":"no uri"}'],
  ])('%s with params %s is refused', (method, params) => {
    expect(() => operation(method, params)).toThrow(
      expect.objectContaining({ code: 'invalid_params' }),
    )
  })
})

test.each(['Tools/Call', ' tools/call', 'tools/call\0x', 'tools/\u200bcall', 'PING', 'ping\n'])(
  '%j could be taken for another method, and is refused',
  (method) => {
    expect(() => operation(method, '{"name":"a"}')).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
  },
)

test.each(['tools/call2', 'tool/call', '', 'acme/Tools/Call', 'skills/list'])(
  '%j is a method of its own',
  (method) => {
    expect(operation(method)).toEqual({ type: 'other', kind: method, params: undefined })
  },
)

describe('what a client says of itself', () => {
  test('stands in initialize', () => {
    const message = asking(
      'initialize',
      '{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"}}',
    )
    expect(readClaimedClient(message)).toEqual({ name: 'c', version: '1' })
    expect(readProtocolVersion(message)).toBe('2025-11-25')
  })

  test('stands in _meta of every modern request', () => {
    const meta =
      '{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c"}}'
    const message = asking('tools/list', `{"_meta":${meta}}`)
    expect(readClaimedClient(message)).toEqual({ name: 'c', version: '' })
    expect(readProtocolVersion(message)).toBe('2026-07-28')
  })

  test('is nothing where it says nothing', () => {
    expect(readClaimedClient(asking('tools/list', '{"_meta":{"progressToken":1}}'))).toBeUndefined()
    expect(readProtocolVersion(asking('ping'))).toBeUndefined()
  })
})
