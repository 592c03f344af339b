import { expect, test } from 'vitest'
import { readReference } from '../../src/wire/completion-reference.js'
import { readMessage } from '../../src/wire/message.js'

function completing(params: string) {
  const text = `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":${params}}`
  const message = readMessage(Buffer.from(text))
  if (message.form === 'response') throw new Error('not a request')
  return message
}

const reference = (params: string) => readReference(completing(params))

test('a reference names a prompt or a template, whatever its type says', () => {
  expect(reference('{"ref":{"type":"ref/prompt","name":"gr\\u0065et"}}')).toEqual({
    prompt: 'greet',
    uri: undefined,
    args: undefined,
  })
  expect(reference('{"ref":{"type":"ref/prompt","uri":"file:///{a}","name":"b"}}')).toMatchObject({
    prompt: 'b',
    uri: 'file:///{a}',
  })
  expect(reference('{}')).toEqual({ prompt: undefined, uri: undefined, args: undefined })
})

test('the arguments that were chosen before are a stretch of the message itself', () => {
  const message = completing('{ "ref":{"name":"a"} , "context": {"é":1, "arguments" :{"n":1.0} } }')
  const { args } = readReference(message)
  expect(message.text.toString('utf8', args?.start, args?.end)).toBe('{"n":1.0}')
})

test.each(['null', '[]', '"a"'])('arguments of %s are none', (args) => {
  expect(reference(`{"ref":{"name":"a"},"context":{"arguments":${args}}}`).args).toBeUndefined()
})

test.each([
  '{"ref":"a"}',
  '{"ref":null}',
  '{"ref":{"name":null}}',
  '{"ref":{"uri":["a"]}}',
  '{"ref":{"name":"a","NAME":"b"}}',
  '{"ref":{"\\u0055ri":"b"}}',
  '{"context":{"Arguments":{}}}',
  '{"context":7}',
])('%s can be read in two ways, or in none', (params) => {
  expect(() => reference(params)).toThrow(expect.objectContaining({ code: 'invalid_params' }))
})
