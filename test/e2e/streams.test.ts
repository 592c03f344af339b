import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { toolCall } from '../support/gateway.js'
import { bundleOf, logged, script, startGoverned } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { elicitation, note, openScene, type Scene } from '../support/stream-scene.js'

const keep = closedAfterEach()
const scene = async (...args: Parameters<typeof openScene>): Promise<Scene> =>
  keep(await openScene(...args))

const result = '{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993,"secret":1.0,"content":[]}}'
const noted = { method: 'notifications/message' }
const denial = { allow: false, reason: 'not_now' }

describe('events of a streamed reply', () => {
  test('go on byte for byte, each as soon as it is whole', async () => {
    const { call } = await scene()
    const { send, end, client } = await call()
    const odd = `: comment\nevent: message\nid: 7\nretry: 5\ndata:${note('9007199254740993')}\n\n`
    send(odd.slice(0, 30))
    send(odd.slice(30))
    expect(`${await client.next()}`).toBe(odd)
    send(`data: {"jsonrpc":"2.0",\ndata: "id":1,"result":{"n":1.0}}\n\n`)
    expect(await client.next()).toBe(
      'data: {"jsonrpc":"2.0",\ndata: "id":1,"result":{"n":1.0}}\n\n',
    )
    end()
    expect(await client.next()).toBeUndefined()
  })

  test('are changed where policy says so, notifications by their params', async () => {
    const { call } = await scene()
    const masking = { allow: true, mask_fields: ['secret'] }
    const { send, client } = await call(
      script({ post: { 'notifications/message': masking, 'tools/call': masking } }),
    )
    send(event(note('{"secret":"a","n":1.0}'), '1'))
    expect(await client.next()).toBe(event(note('{"secret":"****","n":1.0}'), '1'))
    send(event(result, '2'))
    expect(await client.next()).toBe(event(result.replace('1.0', '"****"'), '2'))
  })

  test('of a length that the upstream announced may become shorter', async () => {
    const text = event(result)
    const { call } = await scene({}, undefined, { 'content-length': String(text.length) })
    const filtering = { allow: true, filter_fields: ['secret'] }
    const { send, end, client } = await call(script({ post: { 'tools/call': filtering } }))
    send(text)
    end()
    expect(await client.next()).toBe(event(result.replace('"secret":1.0,', '')))
    expect(await client.next()).toBeUndefined()
  })

  test('that policy refuses are dropped, and later ones still flow', async () => {
    const { call, gateway } = await scene()
    const { send, client } = await call(script({ post: { 'notifications/message': denial } }))
    send(event(note('1')))
    send(event('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0}}'))
    expect(await client.message()).toMatchObject({ method: 'notifications/progress' })
    send(event(result))
    expect(await client.message()).toMatchObject({ id: 1, result: {} })
    const lines = await logged(gateway, 'decision', 4)
    expect(lines.map(({ kind, hook, effect }) => [kind, hook, effect])).toEqual([
      ['tools/call', 'pre', 'allow'],
      ['notifications/message', 'post', 'deny'],
      ['notifications/progress', 'post', 'allow'],
      ['tools/call', 'post', 'allow'],
    ])
    expect(new Set(lines.map((line) => line['call_id'])).size).toBe(1)
  })

  test('with a result that policy refuses become its refusal, in-band, under the id of the request', async () => {
    const { call, gateway } = await scene()
    const { send, client } = await call(script({ post: { 'tools/call': denial } }))
    send(event(result, '4'))
    const refused = (await client.next()) ?? ''
    expect(refused).toMatch(/^event: message\nid: 4\ndata: /)
    expect(JSON.parse(refused.slice(refused.indexOf('{')))).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: 403,
        message: 'policy_deny',
        data: { reason: 'not_now', forwarded: true },
      },
    })
    send(event(note('1')))
    expect(await client.message()).toMatchObject(noted)
    expect((await logged(gateway, 'decision', 3))[1]).toMatchObject({
      hook: 'post',
      effect: 'deny',
      enforced: true,
    })
  })

  test.each([
    ['duplicate keys', {}, event('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}')],
    ['no message', {}, 'data: hello\n\n'],
    ['too much', { MAX_MESSAGE_BYTES: '4096' }, `data: "${'x'.repeat(5000)}`],
  ])('with %s end the stream with an error in-band', async (_what, env, text) => {
    const { call, gateway } = await scene(env)
    const { send, client } = await call()
    send(event(note('1')))
    expect(await client.message()).toMatchObject(noted)
    send(text)
    expect(await client.message()).toMatchObject({
      id: 1,
      error: { code: 502, message: 'upstream_invalid', data: { forwarded: true } },
    })
    expect(await client.next()).toBeUndefined()
    expect((await logged(gateway, 'decision', 3))[2]).toMatchObject({ code: 'policy_error' })
  })

  test('with too much pass where nothing is enforced, and that is on record', async () => {
    const { call, gateway } = await scene({ MAX_MESSAGE_BYTES: '4096', POLICY_MODE: 'audit-only' })
    const { send, end, client } = await call()
    const long = event(note(`"${'x'.repeat(9000)}"`))
    send(long.slice(0, 6000))
    expect((await logged(gateway, 'decision', 2))[1]).toMatchObject({
      code: 'policy_error',
      would_deny: true,
    })
    send(long.slice(6000))
    end()
    expect(await client.next()).toBe(long)
  })

  test('that break off end with an error in-band', async () => {
    const { call } = await scene()
    const { send, breakOff, client } = await call()
    send(event(note('1')))
    expect(await client.message()).toMatchObject(noted)
    breakOff()
    expect(await client.message()).toMatchObject({ id: 1, error: { code: 502 } })
  })

  test('that break off and can be resumed look broken off, so that the client asks for the rest', async () => {
    const { call } = await scene()
    const { send, breakOff, client } = await call()
    send(event(note('1'), '1'))
    expect(await client.message()).toMatchObject(noted)
    breakOff()
    await expect(client.next()).rejects.toThrow()
  })
})

describe('a stream that a client listens on', () => {
  test('meets the policy in force: a reload decides about the next message', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-streams-'))
    const bundle = join(folder, 'bundle.tar.gz')
    await copyFile(bundleOf('scripted'), bundle)
    const { listen, call, gateway } = await scene({ POLICY_BUNDLE_PATH: bundle })
    keep({ close: () => rm(folder, { recursive: true }) })
    const listening = await listen()
    const calling = await call()
    listening.send(event(note('1')))
    expect(await listening.client.message()).toMatchObject(noted)
    await copyFile(bundleOf('deny-posts'), bundle)
    await gateway.reload()
    listening.send(event(note('2')))
    // A request needs no post decision: it shows that the notification in front of it was dropped.
    listening.send(event(elicitation))
    expect(await listening.client.message()).toMatchObject({ method: 'elicitation/create' })
    calling.send(event(result))
    expect(await calling.client.message()).toMatchObject({ id: 1, result: {} })
    const lines = await logged(gateway, 'decision', 5)
    const revisions = lines.map(({ kind, hook, effect, revision }) => [
      kind,
      hook,
      effect,
      revision,
    ])
    expect(revisions).toEqual([
      ['tools/call', 'pre', 'allow', 'scripted-1'],
      ['notifications/message', 'post', 'allow', 'scripted-1'],
      ['notifications/message', 'post', 'deny', 'deny-posts-1'],
      ['elicitation/create', 'pre', 'allow', 'deny-posts-1'],
      ['tools/call', 'post', 'allow', 'scripted-1'],
    ])
  })

  test('judges a reply that belongs to no call as unsolicited, and refuses it in-band', async () => {
    const { listen } = await scene()
    const { send, client } = await listen(script({ post: { unsolicited: denial } }))
    send(event(result.replace('"id":1', '"id":99')))
    expect(await client.message()).toMatchObject({ id: 99, error: { message: 'policy_deny' } })
  })

  test('ends where a message cannot be read, and that is on record', async () => {
    const { listen, gateway } = await scene()
    const { send, client } = await listen()
    send(event('{"jsonrpc":"2.0","method":"a","method":"b"}'))
    expect(await client.next()).toBeUndefined()
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ code: 'policy_error' })
  })

  test.each([
    ['enforce', 'a compressed stream', 502, { 'content-encoding': 'x-unknown' }],
    ['audit-only', 'a compressed stream', 200, { 'content-encoding': 'x-unknown' }],
    ['enforce', 'UTF-16', 502, { 'content-type': 'text/event-stream; charset=utf-16le' }],
    ['audit-only', 'UTF-16', 200, { 'content-type': 'text/event-stream; charset=utf-16le' }],
    ['enforce', 'UTF-8', 200, { 'content-type': 'text/event-stream; charset="UTF-8"' }],
    ['enforce', 'no media type', 502, { 'content-type': '' }],
    [
      'enforce',
      'JSON, which clients read as a stream',
      502,
      { 'content-type': 'application/json' },
    ],
    ['audit-only', 'text', 200, { 'content-type': 'text/plain' }],
  ])('under %s and offered %s gets %i', async (mode, _what, status, headers) => {
    const { gateway } = await scene({ POLICY_MODE: mode }, undefined, headers)
    const reply = await fetch(gateway.mcpUrl, { headers: { accept: 'text/event-stream' } })
    expect(reply.status).toBe(status)
    await reply.body?.cancel()
  })

  test('learns from the upstream that there is none to listen on', async () => {
    const started = await startGoverned((_received, response) => {
      response.writeHead(405, { 'content-type': 'application/json', allow: 'POST' }).end('{}')
    })
    keep(started)
    const reply = await fetch(started.gateway.mcpUrl, { headers: { accept: 'text/event-stream' } })
    expect([reply.status, await reply.text()]).toEqual([405, '{}'])
  })
})

describe('a streamed reply under another id than that of its call', () => {
  test('is judged as unsolicited', async () => {
    const { call } = await scene()
    const { send, client } = await call(script({ post: { unsolicited: denial } }))
    send(event(result.replace('"id":1', '"id":2')))
    expect(await client.message()).toMatchObject({ id: 2, error: { message: 'policy_deny' } })
    send(event('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}'))
    expect(await client.message()).toMatchObject({ id: null, error: { code: -32600 } })
  })
})

describe('what an upstream sends where nobody asked', () => {
  const smuggled = `data: ${elicitation}\n\n`

  test('as the reply to an answer is judged like any other', async () => {
    const started = await startGoverned((_received, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(event(note('{"secret":1}')))
    })
    keep(started)
    const masking = { allow: true, mask_fields: ['secret'] }
    const reply = await started.gateway.post(
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      script({ post: { 'notifications/message': masking } }),
    )
    expect(await reply.text()).toBe(event(note('{"secret":"****"}')))
  })

  test.each([['scripted'], ['default-allow']])(
    'under a media type that only some clients take for a stream is withheld by %s',
    async (policy) => {
      const started = await startGoverned(
        (_received, response) => {
          response.writeHead(200, { 'content-type': 'text/plain; x=text/event-stream' })
          response.end(smuggled)
        },
        {},
        policy,
      )
      keep(started)
      const reply = await started.gateway.post(toolCall('slow'))
      expect(reply.status).toBe(502)
      expect(await reply.json()).toMatchObject({ error: { message: 'upstream_invalid' } })
    },
  )
})
