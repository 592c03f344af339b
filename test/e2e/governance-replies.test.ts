import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { json, type Answerer } from '../support/upstream.js'

const open: Governed[] = []
afterEach(async () => {
  for (const part of open.splice(0)) await part.close()
})

async function governed(
  answer: Answerer,
  env: Record<string, string> = {},
  policy?: string,
): Promise<Governed> {
  const started = await startGoverned(answer, env, policy)
  open.push(started)
  return started
}

const after = (decision: unknown, kind = 'tools/call'): Record<string, string> =>
  script({ post: { [kind]: decision } })

const call = toolCall('employee_data', { employee_id: 'e1' })

const escape = String.raw`\u001b[31m`
const reply = {
  before: `{"result" : {"extra":9007199254740993,"structuredContent":{"n":1.0,"salary":100000,"name":"${escape}Eve","e":[{"ssn":"1","k":1E400}]},`,
  after: `"content":[{"type":"text","text":"{\\"salary\\":100000,\\"n\\":9007199254740993,\\"ssn\\":\\"1\\",\\"k\\":1.0}","more":-0}]},"id":1,"unknown":{"b":1,"a":2},"jsonrpc":"2.0"} `,
}
const whole = reply.before + reply.after

describe('a result is changed in the places that policy names, and nowhere else', () => {
  test.each([
    [
      'filter_fields',
      { allow: true, filter_fields: ['salary'] },
      whole.replace('"salary":100000,', '').replace('\\"salary\\":100000,', ''),
    ],
    [
      'mask_fields in structured content and in JSON inside text',
      { allow: true, mask_fields: ['ssn'], mask: '[no]' },
      whole
        .replace('"ssn":"1"', '"ssn":"[no]"')
        .replace('\\"ssn\\":\\"1\\"', '\\"ssn\\":\\"[no]\\"'),
    ],
    [
      'mask_fields at an anchored path',
      { allow: true, mask_fields: ['response.structuredContent.e[0].ssn'] },
      whole.replace('"ssn":"1"', '"ssn":"****"'),
    ],
    [
      'replace',
      {
        allow: true,
        replace: [{ path: 'response.**', pattern: '\\u001B\\[[0-9;]*m', with: '' }],
      },
      whole.replace(escape, ''),
    ],
    [
      'a merge patch',
      { allow: true, patch: { response: { structuredContent: { salary: 0.5 } } } },
      whole.replace('"salary":100000,', '"salary":0.5,'),
    ],
    [
      'patch operations',
      {
        allow: true,
        patch: [
          { op: 'remove', path: '/response/structuredContent/e' },
          { op: 'test', path: '/response/structuredContent/n', value: 1 },
        ],
      },
      whole.replace(',"e":[{"ssn":"1","k":1E400}]', ''),
    ],
    ['nothing', { allow: true, mask_fields: ['absent'] }, whole],
  ])('%s', async (_what, decision, expected) => {
    const { gateway } = await governed(json(whole))
    const answer = await gateway.post(call, after(decision))
    const text = await answer.text()
    expect([answer.status, text]).toEqual([200, expected])
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
  })

  test('the data of an upstream’s error is judged and changed too', async () => {
    const body =
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32042.0,"message":"sorry \\u001b[1m","data":{"ssn":"1","n":1.0}}}'
    const { gateway } = await governed(json(body))
    const answer = await gateway.post(
      call,
      after({
        allow: true,
        mask_fields: ['ssn'],
        replace: [{ path: 'response.**', pattern: '\\u001B\\[[0-9;]*m', with: '' }],
      }),
    )
    expect([answer.status, await answer.text()]).toEqual([
      200,
      body.replace('"ssn":"1"', '"ssn":"****"').replace(' \\u001b[1m', ' '),
    ])
  })

  test('resources, prompts and every other method are judged under their own name', async () => {
    const { gateway } = await governed(
      json('{"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"a:b","text":"\\u001b[1mred"}]}}'),
    )
    const read = '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b"}}'
    const decision = {
      allow: true,
      replace: [{ path: 'response.**', pattern: '\\u001B\\[[0-9;]*m', with: '' }],
    }
    const answer = await gateway.post(read, after(decision, 'resources/read'))
    expect(await answer.text()).toContain('"text":"red"')
  })
})

describe('a result that policy refuses', () => {
  test('is withheld, and the caller learns that the call was carried out', async () => {
    const { gateway, upstream } = await governed(json(whole))
    const answer = await gateway.post(call, after({ allow: false, reason: 'too_private' }))
    expect(answer.status).toBe(403)
    const { error } = (await answer.json()) as { error: { data: { decision_id: string } } }
    expect(error).toMatchObject({
      code: 403,
      message: 'policy_deny',
      data: { reason: 'too_private', forwarded: true, revision: 'scripted-1' },
    })
    expect(sentTo(upstream)).toEqual([call])
    const [pre, post] = await logged(gateway, 'decision', 2)
    expect(pre).toMatchObject({ hook: 'pre', effect: 'allow' })
    expect(post).toMatchObject({
      hook: 'post',
      effect: 'deny',
      enforced: true,
      decision_id: error.data.decision_id,
      call_id: pre['call_id'],
    })
  })

  test('over a limit is not to be called again at once: it was carried out', async () => {
    const { gateway } = await governed(json(whole))
    const answer = await gateway.post(
      call,
      after({ allow: false, code: 'rate_limited', retry_after: 7 }),
    )
    expect(answer.headers.get('retry-after')).toBeNull()
    expect(await answer.json()).toMatchObject({
      error: { message: 'rate_limited', data: { forwarded: true } },
    })
  })

  test('says so in words where the model reads it', async () => {
    const { gateway } = await governed(json(whole), { POLICY_DENY_STYLE: 'tool-error' })
    const answer = await gateway.post(call, after({ allow: false, reason: 'too_private' }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      id: 1,
      result: {
        isError: true,
        content: [{ text: expect.stringMatching(/too_private.*already carried out/) }],
      },
    })
  })

  test('may be an error of the upstream: policy sees it as response.error', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x","data":{"poison":true}}}'
    const { gateway } = await governed(json(body))
    const answer = await gateway.post(call)
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { data: { reason: 'poisoned_answer' } } })
  })

  test('because of an obligation that cannot be carried out is a policy error', async () => {
    const { gateway } = await governed(json(whole))
    const patch = [{ op: 'remove', path: '/response/absent' }]
    const answer = await gateway.post(call, after({ allow: true, patch }))
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({
      error: { message: 'policy_error', data: { forwarded: true } },
    })
    expect((await logged(gateway, 'decision', 2))[1]).toMatchObject({ code: 'policy_error' })
  })
})

describe('a reply that cannot be judged without doubt is withheld', () => {
  const result = (members: string): string => `{"jsonrpc":"2.0","id":1,"result":{${members}}}`
  const typed =
    (type: string, body: string | Buffer, more: Record<string, string | string[]> = {}): Answerer =>
    (_received, response) =>
      void response.writeHead(200, { 'content-type': type, ...more }).end(body)

  test.each<[string, Answerer]>([
    ['duplicate keys', json(result('"content":[],"content":[1]'))],
    ['duplicate keys deep inside', json(result('"content":[{"a":1,"\\u0061":2}]'))],
    ['case variants of a protocol key', json(result('"content":[],"Content":[]'))],
    ['a result and an error at once', json('{"jsonrpc":"2.0","id":1,"result":{},"error":{}}')],
    ['a batch', json(`[${result('')}]`)],
    ['a request', json('{"jsonrpc":"2.0","id":1,"method":"elicitation/create"}')],
    ['half of it', json(result('').slice(0, -1))],
    ['nothing', json('')],
    ['a byte order mark', json(`\ufeff${result('')}`)],
    ['text that is not UTF-8', json(Buffer.from(result('"a":"\xff"'), 'latin1'))],
    ['more than MAX_MESSAGE_BYTES', json(result(`"a":"${'x'.repeat(5000)}"`))],
    ['HTML', typed('text/html', '<p>hello</p>')],
    ['no media type', (_received, response) => void response.writeHead(200).end(result(''))],
    [
      'compression',
      typed('application/json', gzipSync(result('')), { 'content-encoding': 'gzip' }),
    ],
    [
      'a compressed stream',
      typed('text/event-stream', gzipSync(`data: ${result('')}\n\n`), {
        'content-encoding': 'gzip',
      }),
    ],
    [
      'a stream that only the second of two headers calls compressed',
      typed('text/event-stream', gzipSync(`data: ${result('')}\n\n`), {
        'content-encoding': ['identity', 'gzip'],
      }),
    ],
    [
      'JSON that is compressed after something else',
      typed('application/json', gzipSync(result('')), { 'content-encoding': 'Identity, gzip' }),
    ],
    [
      'a stream in UTF-16',
      typed(
        'text/event-stream; charset=utf-16le',
        Buffer.from(`data: ${result('')}\n\n`, 'utf16le'),
      ),
    ],
    ...['utf-7', '"UTF-16"', ' "utf-7" ', "iso-8859-1'", 'utf-8; Charset=utf-7', 'utf-8x', ''].map(
      (charset): [string, Answerer] => [
        `JSON said to be in ${charset}`,
        typed(`application/json; charset=${charset}`, result('')),
      ],
    ),
    [
      'JSON whose charset goes by another spelling',
      typed("application/json; charset*=us-ascii'en'utf-7", result('')),
    ],
  ])('%s', async (_what, answer) => {
    const { gateway } = await governed(answer, { MAX_MESSAGE_BYTES: '4096' })
    const told = await gateway.post(call)
    expect(told.status).toBe(502)
    expect(await told.json()).toMatchObject({
      id: 1,
      error: {
        code: 502,
        message: 'upstream_invalid',
        data: { decision_id: expect.any(String), forwarded: true },
      },
    })
    expect((await logged(gateway, 'decision', 2))[1]).toMatchObject({
      hook: 'post',
      effect: 'deny',
      code: 'policy_error',
    })
  })

  test.each([
    ['application/json;charset=UTF-8', 'identity'],
    ['application/json; charset="utf-8"', 'Identity, identity'],
    ['application/json ; Charset=utf8 ; a=b', ''],
  ])('but not one whose headers say what it is: %s, %s', async (type, coding) => {
    const { gateway } = await governed(
      typed(type, result('"n":1.0'), { 'content-encoding': coding }),
    )
    const told = await gateway.post(call)
    expect([told.status, await told.text()]).toEqual([200, result('"n":1.0')])
  })

  test('a lone surrogate is a policy error: policy cannot be shown it', async () => {
    const { gateway } = await governed(json(result('"a":"\\ud800"')))
    const told = await gateway.post(call)
    expect(told.status).toBe(403)
    expect(await told.json()).toMatchObject({
      error: { message: 'policy_error', data: { forwarded: true } },
    })
  })

  test('in-band where the operator chose that', async () => {
    const { gateway } = await governed(json('{'), { POLICY_DENY_STYLE: 'jsonrpc' })
    const told = await gateway.post(call)
    expect([told.status, await told.json()]).toMatchObject([200, { id: 1, error: { code: 502 } }])
  })

  test.each([
    ['a body that says so', '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"gone"}}'],
    ['no body that could be read', 'gone'],
    [
      'a body that policy refuses',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"x","data":{"poison":1}}}',
    ],
  ])('but a lost session stays a 404, with %s', async (_what, body) => {
    const { gateway } = await governed(json(body, 404))
    const told = await gateway.post(call, { 'mcp-session-id': 's-1' })
    expect(told.status).toBe(404)
    expect(await told.text()).toBe(body.includes('"gone"') ? body : '')
  })

  test('and other errors of an upstream keep their status', async () => {
    const { gateway } = await governed((_received, response) => {
      response.writeHead(503, { 'content-type': 'text/html' }).end('<p>busy</p>')
    })
    const told = await gateway.post(call)
    expect([told.status, await told.text()]).toEqual([503, ''])
  })
})

describe('what says nothing is not judged', () => {
  const notification = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
  test.each([
    ['plain', 202, {}],
    ['labelled as JSON', 202, { 'content-type': 'application/json' }],
    ['204', 204, {}],
  ])('an accepted notification (%s)', async (_what, status, headers) => {
    const { gateway } = await governed((_received, response) => {
      response.writeHead(status, headers).end()
    })
    const told = await gateway.post(notification)
    expect([told.status, await told.text()]).toEqual([status, ''])
    expect(await logged(gateway, 'decision')).toHaveLength(1)
  })
})

describe('without mcp/post replies are piped unread', () => {
  const big = `{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":"${'x'.repeat(100_000)}\\ud800"}}`
  test.each<[string, string | Buffer, Record<string, string>]>([
    ['ambiguous and larger than MAX_MESSAGE_BYTES', big, { 'content-type': 'application/json' }],
    ['HTML', '<p>hello</p>', { 'content-type': 'text/html' }],
  ])('%s', async (_what, body, headers) => {
    const env = { MAX_MESSAGE_BYTES: '4096' }
    const { gateway } = await governed(
      (_received, response) => void response.writeHead(200, headers).end(body),
      env,
      'default-allow',
    )
    const answer = await gateway.post(call)
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(answer.status).toBe(200)
    expect(bytes.equals(Buffer.from(body))).toBe(true)
    expect(await logged(gateway, 'decision')).toHaveLength(1)
  })
})
