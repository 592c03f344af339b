import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.js'
import { readMessage } from '../../src/wire/message.js'

const read = (text: string | Buffer) => readMessage(Buffer.from(text))

function refusedAs(text: string | Buffer): string {
  try {
    read(text)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.code
    throw thrown
  }
  return 'accepted'
}

describe('a message is read without changing it', () => {
  test('a request keeps its exact text and the spelling of its id', () => {
    const text = Buffer.from('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}')
    const message = readMessage(text)
    expect(message).toMatchObject({ form: 'request', id: '9007199254740993', method: 'ping' })
    expect(message.text).toBe(text)
  })

  test('a message without id is a notification', () => {
    expect(read('{"jsonrpc":"2.0","method":"notifications/initialized"}').form).toBe('notification')
  })

  test('a response tells its result from its error, and may have the id null', () => {
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}')).toMatchObject({
      form: 'response',
      outcome: { type: 'result' },
    })
    expect(read('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}')).toMatchObject(
      {
        id: 'null',
        outcome: { type: 'error' },
      },
    )
  })

  test('unknown members are nobody’s business', () => {
    expect(refusedAs('{"jsonrpc":"2.0","id":1,"method":"x/y","extra":[1],"params":{"zz":1}}')).toBe(
      'accepted',
    )
  })
})

describe('what two parsers could read differently is refused', () => {
  const whole = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}'
  test.each([
    ['not JSON', '{"jsonrpc":', 'parse_error'],
    ['nothing at all', '', 'parse_error'],
    ['a byte order mark', `\ufeff${whole}`, 'parse_error'],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0x22, 0x7d])]),
      'parse_error',
    ],
    ['trailing garbage', `${whole} x`, 'parse_error'],
    ['a batch', `[${whole}]`, 'invalid_request'],
    ['an empty batch', '[]', 'invalid_request'],
    ['a bare string', '"tools/call"', 'invalid_request'],
    ['another version', whole.replace('2.0', '1.0'), 'invalid_request'],
    ['no version', whole.replace('"jsonrpc":"2.0",', ''), 'invalid_request'],
    ['two methods', whole.replace('"id":1', '"id":1,"method":"ping"'), 'invalid_request'],
    ['two names', whole.replace('"name":"echo"', '"name":"echo","name":"rm"'), 'invalid_request'],
    [
      'two names, one spelled with an escape',
      whole.replace('"name":"echo"', '"name":"echo","n\\u0061me":"rm"'),
      'invalid_request',
    ],
    [
      'a case variant of name',
      whole.replace('"name":"echo"', '"name":"echo","Name":"rm"'),
      'invalid_request',
    ],
    ['a case variant alone', whole.replace('"name"', '"NAME"'), 'invalid_request'],
    [
      'a case variant of method',
      whole.replace('"id":1', '"id":1,"Method":"ping"'),
      'invalid_request',
    ],
    [
      'a variant by a letter that folds to s',
      whole.replace('"name":"echo"', '"name":"echo","argument\u017f":{}'),
      'invalid_request',
    ],
    [
      'a variant by the Kelvin sign',
      whole.replace('"name":"echo"', '"name":"echo","ta\u017f\u212a":{}'),
      'invalid_request',
    ],
    [
      'a request that is a response too',
      whole.replace('"id":1', '"id":1,"result":{}'),
      'invalid_request',
    ],
    [
      'a result beside an error',
      '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
      'invalid_request',
    ],
    ['neither of all', '{"jsonrpc":"2.0","id":1}', 'invalid_request'],
    ['the id null on a request', whole.replace('"id":1', '"id":null'), 'invalid_request'],
    ['an object for an id', whole.replace('"id":1', '"id":{}'), 'invalid_request'],
    ['an array for params', '{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', 'invalid_request'],
    ['a number for a method', '{"jsonrpc":"2.0","id":1,"method":7}', 'invalid_request'],
    ['200,000 levels', '['.repeat(200_000), 'invalid_request'],
  ])('%s', (_what, text, code) => {
    expect(refusedAs(text)).toBe(code)
  })

  test('a name that only an argument has may be spelled in any case', () => {
    expect(
      refusedAs(
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"Name":1,"name":2}}}',
      ),
    ).toBe('accepted')
  })
})
