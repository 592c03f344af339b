import { describe, expect, test } from 'vitest'
import type { Era } from '../../src/domain/era.js'
import { createTowardsClient, readFromServer } from '../../src/routing/towards-client.js'
import { createTowardsServer } from '../../src/routing/towards-server.js'
import { readMessage } from '../../src/wire/message.js'

const towardsClient = createTowardsClient('w')
const towardsServer = createTowardsServer('w')

function outward(text: string, era: Era = 'legacy'): string {
  return towardsClient(readFromServer(Buffer.from(text)), era).toString()
}

function inward(text: string): string {
  return towardsServer(readMessage(Buffer.from(text))).toString()
}

const result = (members: string): string => `{"jsonrpc":"2.0","id":1,"result":${members}}`
const note = (method: string, params: string): string =>
  `{"jsonrpc":"2.0","method":"${method}","params":${params}}`
const request = (method: string, params: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`

describe('towards the client every name says whose it is', () => {
  test.each([
    [
      'tools',
      '{"tools":[{"name":"a","x":1.0},{"name":"b"}]}',
      '{"tools":[{"name":"w__a","x":1.0},{"name":"w__b"}]}',
    ],
    [
      'the app of a tool',
      '{"tools":[{"name":"a","_meta":{"ui":{"resourceUri":"ui://x"},"ui/resourceUri":"ui://x"}}]}',
      '{"tools":[{"name":"w__a","_meta":{"ui":{"resourceUri":"ui://w__x"},"ui/resourceUri":"ui://w__x"}}]}',
    ],
    ['prompts', '{"prompts":[{"name":"a"}]}', '{"prompts":[{"name":"w__a"}]}'],
    [
      'resources',
      '{"resources":[{"uri":"x:y","name":"a"}]}',
      '{"resources":[{"uri":"portcullis:w/x:y","name":"a"}]}',
    ],
    [
      'templates',
      '{"resourceTemplates":[{"uriTemplate":"x:{y}"}]}',
      '{"resourceTemplates":[{"uriTemplate":"portcullis:w/x:{y}"}]}',
    ],
    [
      'links and resources in content',
      '{"content":[{"type":"text","uri":7},{"type":"resource_link","uri":"x:y"},{"type":"resource","resource":{"uri":"x:z","text":"uri"}}]}',
      '{"content":[{"type":"text","uri":7},{"type":"resource_link","uri":"portcullis:w/x:y"},{"type":"resource","resource":{"uri":"portcullis:w/x:z","text":"uri"}}]}',
    ],
    [
      'contents',
      '{"contents":[{"uri":"x:y","text":"a"}]}',
      '{"contents":[{"uri":"portcullis:w/x:y","text":"a"}]}',
    ],
    [
      'messages of prompts',
      '{"messages":[{"content":{"type":"resource","resource":{"uri":"x:y"}}},{"content":[{"type":"resource_link","uri":"x:y"}]}]}',
      '{"messages":[{"content":{"type":"resource","resource":{"uri":"portcullis:w/x:y"}}},{"content":[{"type":"resource_link","uri":"portcullis:w/x:y"}]}]}',
    ],
    ['a task', '{"task":{"taskId":"t"}}', '{"task":{"taskId":"w__t"}}'],
    [
      'a modern task',
      '{"resultType":"task","taskId":"t"}',
      '{"resultType":"task","taskId":"w__t"}',
    ],
    ['tasks', '{"tasks":[{"taskId":"t"}]}', '{"tasks":[{"taskId":"w__t"}]}'],
    [
      'the result of a finished task',
      '{"taskId":"t","result":{"content":[{"type":"resource_link","uri":"x:y"}]}}',
      '{"taskId":"w__t","result":{"content":[{"type":"resource_link","uri":"portcullis:w/x:y"}]}}',
    ],
    [
      'the task that a result belongs to',
      '{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}',
      '{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"w__t"}}}',
    ],
    [
      'nothing in structured content',
      '{"structuredContent":{"tools":[{"name":"a","uri":"x:y"}],"taskId":"t"}}',
      '{"structuredContent":{"tools":[{"name":"a","uri":"x:y"}],"taskId":"t"}}',
    ],
  ])('%s', (_what, from, to) => {
    expect(outward(result(from))).toBe(result(to))
  })

  test.each([
    ['notifications/resources/updated', '{"uri":"x:y"}', '{"uri":"portcullis:w/x:y"}'],
    ['notifications/tasks/status', '{"taskId":"t"}', '{"taskId":"w__t"}'],
    [
      'notifications/tasks',
      '{"taskId":"t","result":{"content":[{"uri":"x:y"}]}}',
      '{"taskId":"w__t","result":{"content":[{"uri":"portcullis:w/x:y"}]}}',
    ],
    ['notifications/cancelled', '{"requestId":7}', '{"requestId":"w__7"}'],
    [
      'notifications/progress',
      '{"progressToken":7,"progress":1}',
      '{"progressToken":7,"progress":1}',
    ],
    ['notifications/message', '{"data":{"uri":"x:y"}}', '{"data":{"uri":"x:y"}}'],
  ])('%s', (method, from, to) => {
    expect(outward(note(method, from))).toBe(note(method, to))
  })

  test('a request of the server has its own id and progress token in it', () => {
    const asked =
      '{"jsonrpc":"2.0","id":1.0,"method":"sampling/createMessage","params":{"_meta":{"progressToken":"t"}}}'
    expect(outward(asked)).toBe(
      '{"jsonrpc":"2.0","id":"w__1.0","method":"sampling/createMessage","params":{"_meta":{"progressToken":"w__\\"t\\""}}}',
    )
  })

  test('a task of the client keeps the id that the client gave it', () => {
    const asked = '{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t"}}'
    expect(outward(asked)).toBe(asked.replace('"id":1', '"id":"w__1"'))
  })

  test('a subscription that a modern server cancels is the client’s own', () => {
    const text = note('notifications/cancelled', '{"requestId":7}')
    expect(outward(text, 'modern')).toBe(text)
  })

  test('a spelling stays but for what is put in front of it', () => {
    expect(outward(result('{ "tools" : [ { "name" : "\\u0061\\/b" , "n" : 1e400 } ] }'))).toBe(
      result('{ "tools" : [ { "name" : "w__\\u0061\\/b" , "n" : 1e400 } ] }'),
    )
  })

  test.each(['not json', '[]', '{"jsonrpc":"2.0","id":1,"result":{},"result":{}}'])(
    'what two could read differently is refused: %s',
    (text) => {
      expect(() => outward(text)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }))
    },
  )
})

describe('towards the server its names are bare', () => {
  test.each([
    [
      'tools/call',
      '{"name":"w__a__b","arguments":{"name":"w__x"}}',
      '{"name":"a__b","arguments":{"name":"w__x"}}',
    ],
    ['tools/call', '{"name":"\\u0077__a"}', '{"name":"a"}'],
    ['prompts/get', '{"name":"w__a"}', '{"name":"a"}'],
    ['resources/read', '{"uri":"portcullis:w/x:y"}', '{"uri":"x:y"}'],
    ['resources/subscribe', '{"uri":"portcullis:w/x:y"}', '{"uri":"x:y"}'],
    [
      'completion/complete',
      '{"ref":{"type":"ref/prompt","name":"w__a"},"argument":{"name":"w__x","value":""}}',
      '{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"w__x","value":""}}',
    ],
    [
      'completion/complete',
      '{"ref":{"type":"ref/resource","uri":"portcullis:w/x:{y}"}}',
      '{"ref":{"type":"ref/resource","uri":"x:{y}"}}',
    ],
    ['tasks/get', '{"taskId":"w__t"}', '{"taskId":"t"}'],
    [
      'subscriptions/listen',
      '{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["portcullis:v/a:b","portcullis:w/x:y","x:z"],"taskIds":["v__t","w__t"]}}',
      '{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["x:y"],"taskIds":["t"]}}',
    ],
    ['tools/list', '{"cursor":"w__x"}', '{"cursor":"w__x"}'],
  ])('%s %s', (method, from, to) => {
    expect(inward(request(method, from))).toBe(request(method, to))
  })

  test('an answer has the id that the server gave, type and all', () => {
    expect(inward('{"jsonrpc":"2.0","id":"w__7","result":{}}')).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{}}',
    )
    expect(inward('{"jsonrpc":"2.0","id":"w__\\"7\\"","result":{}}')).toBe(
      '{"jsonrpc":"2.0","id":"7","result":{}}',
    )
  })

  test('the report of a client names the server’s own token', () => {
    expect(inward(note('notifications/progress', '{"progressToken":"w__7","progress":1}'))).toBe(
      note('notifications/progress', '{"progressToken":7,"progress":1}'),
    )
  })
})
