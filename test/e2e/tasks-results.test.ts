import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { toolCall } from '../support/gateway.js'
import { logged, script, startGoverned, type Governed } from '../support/governed.js'
import { modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { openScene, session, type Scene } from '../support/stream-scene.js'
import type { Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
const governed = async (answer: Answerer, env = {}, policy?: string): Promise<Governed> =>
  keep(await startGoverned(answer, env, policy))
const scene = async (...args: Parameters<typeof openScene>): Promise<Scene> =>
  keep(await openScene(...args))

const result = (text: string): string => `{"jsonrpc":"2.0","id":1,"result":${text}}`
const outcome = '{"content":[],"ssn":"1","n":9007199254740993}'
const begun = '{"task":{"taskId":"t-1","status":"working"}}'
const done = `{"resultType":"complete","taskId":"t-1","status":"completed", "result":${outcome}}`
const failed =
  '{"resultType":"complete","taskId":"t-1","status":"failed","error":{"code":-1,"message":"x","data":{"ssn":"1"}}}'

/** A server that begins a task for every tool call, and says of it what the test says. */
function taskServer(said: Record<string, string>, begins = begun): Answerer {
  return ({ body }, response) => {
    const { method } = JSON.parse(body.toString()) as { method: string }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(result(method === 'tools/call' ? begins : (said[method] ?? '{}')))
  }
}

const about = (method: string, taskId = 't-1'): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { taskId } })
const begin = ({ gateway }: Governed): Promise<Response> =>
  gateway.post(toolCall('payroll', { of: 'eve' }))

const masking = script({ post: { 'tools/call': { allow: true, mask_fields: ['ssn'] } } })
const denying = script({ post: { 'tools/call': { allow: false, reason: 'not_for_them' } } })
const withheld = {
  error: { message: 'policy_deny', data: { reason: 'not_for_them', forwarded: true } },
}

describe('the result of a task', () => {
  test('that tasks/result brings is judged as the result of the call that began it', async () => {
    const parts = await governed(taskServer({ 'tasks/result': outcome }))
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/result'), masking)
    expect(await told.text()).toBe(result(outcome.replace('"1"', '"****"')))
    const lines = await logged(parts.gateway, 'decision', 4)
    expect(lines.map(({ kind, hook }) => [kind, hook])).toEqual([
      ['tools/call', 'pre'],
      ['tools/call', 'post'],
      ['tasks/result', 'pre'],
      ['tools/call', 'post'],
    ])
    expect(lines[3]).toMatchObject({
      target: { type: 'tool', name: 'payroll' },
      call_id: lines[2]?.call_id,
      payload_digest: lines[0].payload_digest,
    })
  })

  test('is withheld where policy refuses it to whoever asks for it now', async () => {
    const parts = await governed(taskServer({ 'tasks/result': outcome }))
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/result'), denying)
    expect(told.status).toBe(403)
    expect(await told.json()).toMatchObject(withheld)
  })

  test.each([
    ['of a task that nobody began here', 't-9', {}],
    ['in another session', 't-1', { 'mcp-session-id': 's-2' }],
  ])('is judged by its own method: one %s', async (_what, id, headers) => {
    const parts = await governed(taskServer({ 'tasks/result': outcome }))
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/result', id), { ...denying, ...headers })
    expect(told.status).toBe(200)
    expect((await logged(parts.gateway, 'decision', 4))[3]).toMatchObject({
      kind: 'tasks/result',
      hook: 'post',
    })
  })

  test.each([
    ['a result', done],
    ['an error', failed],
  ])('that stands in tasks/get is judged as well: %s', async (_what, text) => {
    const parts = await governed(
      taskServer({ 'tasks/get': text }, `{"resultType":"task",${begun.slice(9, -1)}`),
    )
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/get'), masking)
    expect(await told.text()).toBe(result(text.replace('"ssn":"1"', '"ssn":"****"')))
    const kinds = (await logged(parts.gateway, 'decision', 5)).map(({ kind, hook }) => [kind, hook])
    expect(kinds.slice(2)).toEqual([
      ['tasks/get', 'pre'],
      ['tasks/get', 'post'],
      ['tools/call', 'post'],
    ])
  })

  test('that stands in tasks/get is withheld where policy refuses it', async () => {
    const parts = await governed(taskServer({ 'tasks/get': done }))
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/get'), denying)
    expect([told.status, await told.json()]).toMatchObject([403, withheld])
  })

  test('passes byte for byte where policy allows it', async () => {
    const parts = await governed(taskServer({ 'tasks/get': done, 'tasks/result': outcome }))
    await begin(parts)
    expect(await (await parts.gateway.post(about('tasks/get'))).text()).toBe(result(done))
    expect(await (await parts.gateway.post(about('tasks/result'))).text()).toBe(result(outcome))
  })

  test('is only put on record where the mode changes nothing', async () => {
    const env = { POLICY_MODE: 'audit-only' }
    const parts = await governed(taskServer({ 'tasks/get': done }), env)
    await begin(parts)
    const told = await parts.gateway.post(about('tasks/get'), denying)
    expect(await told.text()).toBe(result(done))
    expect((await logged(parts.gateway, 'decision', 5))[4]).toMatchObject({
      kind: 'tools/call',
      would_deny: true,
    })
  })

  test('that comes in a notification is judged, and refused it drops the notification', async () => {
    const { call } = await scene()
    const first = await call()
    first.send(event(result(begun)))
    await first.client.next()
    const { send, client } = await call(masking)
    const notice = (params: string): string =>
      event(`{"jsonrpc":"2.0","method":"notifications/tasks","params":${params}}`)
    send(notice(done))
    expect(await client.next()).toBe(notice(done.replace('"ssn":"1"', '"ssn":"****"')))
    send(notice(done.replace('"n"', '"poison"')))
    send(event(result('{"content":[]}')))
    expect(await client.message()).toMatchObject({ id: 1, result: { content: [] } })
  })
})

describe('what the server wants to know for a task', () => {
  const denial = { allow: false, reason: 'not_now' }
  const wants =
    '{"resultType":"complete","taskId":"t-1","status":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"Name?","n":1.0}}}}'

  test.each(['scripted', 'scripted-pre'])('is judged in tasks/get, under %s', async (policy) => {
    const parts = await governed(taskServer({ 'tasks/get': wants }), {}, policy)
    const get = modern('tasks/get', { taskId: 't-1' })
    expect(await (await parts.gateway.post(get)).text()).toBe(result(wants))
    const headers = script({ pre: { 'elicitation/create': denial } })
    const told = await parts.gateway.post(get, headers)
    expect([told.status, await told.json()]).toMatchObject([
      403,
      { error: { data: { forwarded: true } } },
    ])
  })

  test.each(['scripted', 'scripted-pre'])(
    'is judged in a notification, under %s: refused or unclear, it drops it',
    async (policy) => {
      const { call } = await scene({}, policy)
      const notice = (params: string): string =>
        event(`{"jsonrpc":"2.0","method":"notifications/tasks","params":${params}}`)
      const patch = [{ op: 'replace', path: '/params/message', value: 'Nickname?' }]
      const { send, client } = await call(
        script({ pre: { 'elicitation/create': { allow: true, patch }, 'roots/list': denial } }),
      )
      send(notice(wants))
      expect(await client.next()).toBe(notice(wants.replace('Name?', 'Nickname?')))
      send(notice(wants.replace('elicitation/create', 'roots/list')))
      send(notice('{"taskId":"t-1","status":"input_required","inputRequests":["roots/list"]}'))
      send(event(result('{"content":[]}')))
      expect(await client.message()).toMatchObject({ id: 1, result: { content: [] } })
    },
  )
})

describe('tasks that a server begins at its client', () => {
  const denial = { allow: false, reason: 'not_now' }
  const asked = (method: string, params: string, id = '"x-1"'): string =>
    `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`

  test.each([
    ['roots/list', '{}', '7'],
    ['sampling/createMessage', '{"messages":[],"maxTokens":9,"task":{"ttl":1}}', '"x-1"'],
    ['elicitation/create', '{"message":"?","task":{"ttl":1}}', '"x-1"'],
    ['tasks/get', '{"taskId":"c-1"}', '8.0'],
    ['tasks/result', '{"taskId":"c-1"}', '"x-1"'],
    ['tasks/list', '{}', '-1'],
    ['tasks/cancel', '{"taskId":"c-1"}', '"\\u0061"'],
    ['ping', '{}', '9'],
  ])('a refused %s is answered with an error', async (method, params, id) => {
    const { call, answered } = await scene()
    const { send, client } = await call(script({ pre: { [method]: denial } }))
    send(event(asked(method, params, id)))
    const { body, json } = await answered()
    expect(body.toString()).toContain(`"id":${id},`)
    expect(json).toMatchObject({ error: { code: -1, message: 'Refused by policy: not_now' } })
    send(event(result('{"content":[]}')))
    expect(await client.message()).toMatchObject({ id: 1 })
  })

  test.each(['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel'])(
    'the answer to %s is judged as one',
    async (method) => {
      const { call, reply, answered, gateway } = await scene()
      const { send, client } = await call()
      send(event(asked(method, '{"taskId":"c-1"}')))
      await client.next()
      const answer = '{"jsonrpc":"2.0","id":"x-1","result":{"taskId":"c-1","ssn":"1"}}'
      await reply(answer, script({ post: { [method]: { allow: true, mask_fields: ['ssn'] } } }))
      expect((await answered()).body.toString()).toBe(answer.replace('"1"', '"****"'))
      expect((await logged(gateway, 'decision', 3)).at(-1)).toMatchObject({ kind: method })
    },
  )

  test('where a refused answer was to be a task, the server gets an error', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call()
    send(event(asked('elicitation/create', '{"message":"?","task":{"ttl":1}}')))
    await client.next()
    const answer = '{"jsonrpc":"2.0","id":"x-1","result":{"task":{"taskId":"c-1"}}}'
    await reply(answer, { ...session, ...script({ post: { 'elicitation/create': denial } }) })
    expect((await answered()).json).toMatchObject({ id: 'x-1', error: { code: -1 } })
  })
})
