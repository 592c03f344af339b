import { describe, expect, test } from 'vitest'
import { anonymous } from '../../src/domain/principal.js'
import type { Call } from '../../src/domain/call.js'
import { writableRoot } from '../../src/pipeline/oblige.js'
import { readMessage } from '../../src/wire/message.js'
import { readOperation } from '../../src/wire/operation.js'

function callOf(source: string): Call {
  const message = readMessage(Buffer.from(source))
  return {
    id: 'c',
    message,
    operation:
      message.form === 'response'
        ? { type: 'other', kind: 'roots/list', params: undefined }
        : readOperation(message),
    direction: 'to_server',
    principal: anonymous,
    claimed: undefined,
    server: 's',
    session: undefined,
    headers: {},
    requestIp: '',
    protocol: '',
    time: 0,
    era: 'legacy',
  }
}

describe('what may be written before a call is forwarded', () => {
  test.each([
    [
      'args',
      '{"x":1}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":1}}}',
    ],
    ['args', undefined, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}'],
    [
      'args',
      '{"x":"1"}',
      '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"x":"1"}}}',
    ],
    [
      'params',
      '{"uri":"file:///u"}',
      '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///u"}}',
    ],
    ['params', undefined, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'],
    ['params', '{"a":1}', '{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1}}'],
    ['response', '{"roots":[]}', '{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}'],
    [
      'response',
      '{"code":1,"message":""}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}',
    ],
  ])('is its %s: %s', (name, expected, source) => {
    const root = writableRoot(callOf(source))
    expect(root.name).toBe(name)
    expect(root.span && source.slice(root.span.start, root.span.end)).toBe(expected)
    expect(root.isError).toBe(source.includes('"error"'))
  })
})
