import { afterEach, describe, expect, test } from 'vitest'
import { toolCall } from '../support/gateway.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { echo, json, type Answerer } from '../support/upstream.js'

const open: Governed[] = []
afterEach(async () => {
  for (const part of open.splice(0)) await part.close()
})

async function governed(
  answer: Answerer = echo,
  env: Record<string, string> = {},
): Promise<Governed> {
  const started = await startGoverned(answer, env)
  open.push(started)
  return started
}

const patching = (patch: unknown, kind = 'tools/call'): Record<string, string> =>
  script({ pre: { [kind]: { allow: true, patch } } })

const odd = {
  before:
    ' {"jsonrpc" : "2.0","zeta":1,"id":9007199254740993,\n"method":"tools/call","params":{"_meta":{"progressToken":1.0},"unknown":"\\u00e9é","arguments":{"n":9007199254740993 , "z":1.0,',
  after: ' ,"e":1e400,"b":[1E2,-0],\t"a":"\\u0061"},"name":"echo"}}\n',
}

describe('a patch before forwarding splices only the bytes that it names', () => {
  test.each([
    ['a merge patch', { args: { city: 'Oslo' } }],
    ['an operation', [{ op: 'replace', path: '/args/city', value: 'Oslo' }]],
    [
      'a test that holds and a replacement',
      [
        { op: 'test', path: '/args/city', value: 'Rome' },
        { op: 'replace', path: '/args/city', value: 'Oslo' },
      ],
    ],
  ])('%s', async (_what, patch) => {
    const { gateway, upstream } = await governed()
    const reply = await gateway.post(`${odd.before}"city" :  "Rome"${odd.after}`, patching(patch))
    expect(reply.status).toBe(200)
    const expected = `${odd.before}"city" :  "Oslo"${odd.after}`
    expect(sentTo(upstream)).toEqual([expected])
    expect(upstream.received[0]?.headers['content-length']).toBe(
      String(Buffer.byteLength(expected)),
    )
  })

  test('a member that is removed takes its comma along, and one that is added comes last', async () => {
    const { gateway, upstream } = await governed()
    const body = (args: string): string =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`
    await gateway.post(
      body('{"a":1.0, "secret":[1,{"x":2}], "n":9007199254740993}'),
      patching({ args: { secret: null, units: 'metric' } }),
    )
    const [sent = ''] = sentTo(upstream)
    expect(JSON.parse(sent)).toMatchObject({ params: { arguments: { a: 1, units: 'metric' } } })
    expect(sent).toContain('"a":1.0')
    expect(sent).toContain('"n":9007199254740993')
    expect(sent).not.toContain('secret')
    expect(sent.indexOf('units')).toBeGreaterThan(sent.indexOf('"n"'))
  })

  test('a call without arguments gets those that policy adds', async () => {
    const { gateway, upstream } = await governed()
    await gateway.post(toolCall('echo'), patching({ args: { units: 'metric' } }))
    expect(JSON.parse(sentTo(upstream)[0] ?? '')).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { units: 'metric' } },
    })
  })

  test('a patch that changes nothing leaves the bytes as they were', async () => {
    const { gateway, upstream } = await governed()
    const body = `${odd.before}"city":"Rome"${odd.after}`
    await gateway.post(body, patching({ args: { absent: null } }))
    expect(sentTo(upstream)).toEqual([body])
  })

  test('prompts are patched in their arguments, other methods in their params', async () => {
    const { gateway, upstream } = await governed()
    const prompt = '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"greet"}}'
    await gateway.post(prompt, patching({ args: { tone: 'kind' } }, 'prompts/get'))
    const level = '{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"debug"}}'
    const operations = [{ op: 'replace', path: '/params/level', value: 'error' }]
    await gateway.post(level, patching(operations, 'logging/setLevel'))
    expect(sentTo(upstream)).toEqual([
      prompt.replace('"greet"', '"greet","arguments":{"tone":"kind"}'),
      level.replace('debug', 'error'),
    ])
  })

  test('replace, filter_fields and mask_fields act on the arguments', async () => {
    const { gateway, upstream } = await governed()
    const decision = {
      allow: true,
      replace: [{ path: 'args.**', pattern: 'secret', with: 'public' }],
      filter_fields: ['ssn'],
      mask_fields: ['args.card'],
      mask: '[card]',
    }
    const args = '{"n":1.0,"q":"the secret","ssn":"1","card":9007199254740993,"deep":{"ssn":2}}'
    await gateway.post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args}}}`,
      script({ pre: { 'tools/call': decision } }),
    )
    expect(sentTo(upstream)[0]).toContain(
      '"arguments":{"n":1.0,"q":"the public","card":"[card]","deep":{}}}',
    )
  })
})

describe('the call that is judged is the call that is sent', () => {
  test('a patch into something that policy denies is refused, and nothing is forwarded', async () => {
    const { gateway, upstream } = await governed()
    const reply = await gateway.post(
      toolCall('echo', { a: 1 }),
      patching({ args: { poison: true } }),
    )
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({
      error: { message: 'policy_deny', data: { reason: 'poisoned_call', forwarded: false } },
    })
    expect(upstream.received).toEqual([])
    const lines = await logged(gateway, 'decision')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ effect: 'deny', reason: 'poisoned_call', enforced: true })
    expect(lines[0]).not.toHaveProperty('sent_digest')
  })

  test('the record has a digest of both forms of a patched call', async () => {
    const { gateway } = await governed()
    await gateway.post(toolCall('echo', { a: 1 }), patching({ args: { a: 2 } }))
    await gateway.post(toolCall('echo', { a: 2 }))
    const decisions = await logged(gateway, 'decision', 4)
    const [patched, plain] = decisions.filter(({ hook }) => hook === 'pre')
    expect(patched?.['sent_digest']).toBe(plain?.['payload_digest'])
    expect(patched?.['payload_digest']).not.toBe(plain?.['payload_digest'])
    expect(plain).not.toHaveProperty('sent_digest')
  })

  test('Mcp-Name follows a target that was patched, and stays where it was not', async () => {
    const { gateway, upstream } = await governed()
    const read =
      '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///etc/hosts"}}'
    const mirrored = { 'mcp-method': 'resources/read', 'mcp-name': 'file:///etc/hosts' }
    const operations = [{ op: 'replace', path: '/params/uri', value: 'file:///srv/ü' }]
    await gateway.post(read, { ...mirrored, ...patching(operations, 'resources/read') })
    await gateway.post(read, mirrored)
    const [patched, plain] = upstream.received.map(({ headers }) => headers['mcp-name'])
    expect(patched).toBe(`=?base64?${Buffer.from('file:///srv/ü').toString('base64')}?=`)
    expect(plain).toBe('file:///etc/hosts')
  })

  test.each([
    ['a URI that is none', 'resources/read', { uri: 'file:///a' }, { params: { uri: 'x y' } }],
    [
      'a case variant of a protocol key',
      'logging/setLevel',
      { level: 'debug' },
      { params: { Level: 'x', Name: 'y' } },
    ],
  ])('a patch into %s is a policy error, on record', async (_what, method, params, patch) => {
    const { gateway, upstream } = await governed()
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const operations = [{ op: 'add', path: '/params', value: patch.params }]
    const reply = await gateway.post(body, patching(operations, method))
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({ error: { message: 'policy_error' } })
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ code: 'policy_error' })
  })

  test.each([
    ['a test that fails', [{ op: 'test', path: '/args/a', value: 2 }]],
    ['a removal of what is not there', [{ op: 'remove', path: '/args/b' }]],
    ['a path outside the arguments', [{ op: 'replace', path: '/params/name', value: 'rm' }]],
    ['arguments that would be none', { args: null }],
    ['the response', { response: {} }],
  ])('%s is a policy error, and nothing is forwarded', async (_what, patch) => {
    const { gateway, upstream } = await governed()
    const reply = await gateway.post(toolCall('echo', { a: 1 }), patching(patch))
    expect([reply.status, await reply.json()]).toMatchObject([
      403,
      { error: { code: 403, message: 'policy_error', data: { forwarded: false } } },
    ])
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
    })
  })
})

describe('arguments that are absent or falsy are judged like any other', () => {
  test.each([
    ['no arguments', toolCall('echo')],
    [
      'no arguments and more',
      '{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{"name":""}}',
    ],
    ['empty arguments', toolCall('echo', {})],
    ['falsy values', toolCall('echo', { a: 0, b: '', c: false, d: null })],
  ])('%s', async (_what, body) => {
    const { gateway, upstream } = await governed()
    const denying = script({ pre: { 'tools/call': { allow: false, reason: 'no' } } })
    expect((await gateway.post(body, denying)).status).toBe(403)
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ effect: 'deny', reason: 'no' })
  })

  test('null is no object: 400', async () => {
    const { gateway, upstream } = await governed(json('{}'))
    const body = toolCall('echo', {}).replace('{}', 'null')
    expect((await gateway.post(body)).status).toBe(400)
    expect(upstream.received).toEqual([])
  })
})
