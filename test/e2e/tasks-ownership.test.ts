import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { as, toolCall, trustLoopback } from '../support/gateway.js'
import { logged, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { openScene, type Scene } from '../support/stream-scene.js'
import type { Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
const governed = async (answer: Answerer, env = {}, policy = 'scripted-pre'): Promise<Governed> =>
  keep(await startGoverned(answer, { ...trustLoopback, ...env }, policy))

const alice = as('alice@org')
const bob = as('bob@org')

const task = (id: string, more = ''): string =>
  `{"taskId":"${id}","status":"working","n":9007199254740993${more}}`
const result = (text: string): string => `{"jsonrpc":"2.0","id":1,"result":${text}}`
const related = (id: string): string =>
  `"_meta":{"io.modelcontextprotocol\\/related-task":{"taskId":"${id}"}}`

/** A server that begins a task for every tool call, and says of others what the test says. */
function taskServer(begun: string, said: Record<string, string> = {}): Answerer {
  return ({ body }, response) => {
    const { method } = JSON.parse(body.toString()) as { method: string }
    const text = method === 'tools/call' ? begun : (said[method] ?? '{}')
    response.writeHead(200, { 'content-type': 'application/json' }).end(result(text))
  }
}

const legacyTask = `{"task":${task('t-1')}}`
const modernTask = `{"resultType":"task",${task('t-1').slice(1)}`

async function begin(
  { gateway }: Governed,
  caller = alice,
  call = toolCall('slow'),
): Promise<string> {
  const told = await (await gateway.post(call, caller)).text()
  return /"taskId":"([^"]+)"/.exec(told)?.[1] ?? ''
}

const about = (method: string, taskId: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { taskId } })
const lastBody = ({ upstream }: Governed): string => sentTo(upstream).at(-1) ?? ''
const notFound = { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Task not found' } }

describe.each(['scripted-pre', 'scripted'])('where callers have identities, under %s', (policy) => {
  test.each([
    ['legacy', legacyTask, toolCall('slow')],
    ['modern', modernTask, modern('tools/call', { name: 'slow' })],
  ])('the id of a %s task is sealed, and nothing else changes', async (_era, begun, call) => {
    const parts = await governed(taskServer(begun), {}, policy)
    const told = await (await parts.gateway.post(call, alice)).text()
    const [, id = ''] = /"taskId":"(t-1\.[^"]+)"/.exec(told) ?? []
    expect(told).toBe(result(begun.replace('t-1', id)))
  })

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])(
    'its owner can name it in %s, and the server hears its own id',
    async (method) => {
      const parts = await governed(taskServer(legacyTask), {}, policy)
      const id = await begin(parts)
      const told = await parts.gateway.post(about(method, id), alice)
      expect([told.status, lastBody(parts)]).toEqual([200, about(method, 't-1')])
    },
  )

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])(
    'nobody else can name it in %s: it is as unknown as any',
    async (method) => {
      const parts = await governed(taskServer(legacyTask), {}, policy)
      const id = await begin(parts)
      for (const [caller, name] of [
        [bob, id],
        [{}, id],
        [bob, 't-1'],
        [alice, 't-1'],
        [alice, `${id}x`],
        [alice, ''],
      ] as const) {
        const told = await parts.gateway.post(about(method, name), caller)
        expect([told.status, await told.json()]).toEqual([200, notFound])
      }
      expect(sentTo(parts.upstream)).toHaveLength(1)
    },
  )

  test('Mcp-Name says the same as the body, sealed and opened', async () => {
    const parts = await governed(taskServer(modernTask), {}, policy)
    const id = await begin(parts, alice, modern('tools/call', { name: 'slow' }))
    const body = modern('tasks/get', { taskId: id })
    const told = await parts.gateway.post(body, { ...alice, ...mirrored('tasks/get', id) })
    expect(told.status).toBe(200)
    expect(parts.upstream.received.at(-1)?.headers['mcp-name']).toBe('t-1')
    const other = await parts.gateway.post(body, { ...alice, ...mirrored('tasks/get', 't-1') })
    expect(other.status).toBe(400)
  })

  test('a subscription names tasks of its caller only', async () => {
    const parts = await governed(taskServer(modernTask), {}, policy)
    const id = await begin(parts)
    const listen = (...taskIds: string[]): string =>
      modern('subscriptions/listen', { notifications: { taskIds, toolsListChanged: true } })
    await parts.gateway.post(listen(id), alice)
    expect(lastBody(parts)).toBe(listen('t-1'))
    const told = await parts.gateway.post(listen(id, 't-1'), alice)
    expect(await told.json()).toEqual(notFound)
  })

  test('what is said of tasks names them as the caller does', async () => {
    const said = {
      'tasks/get': task('t-1'),
      'tasks/list': `{"tasks":[${task('t-1')}, ${task('t-2', ',"m":1.0')}],"nextCursor":"c"}`,
      'tasks/result': `{"content":[],"taskId":"a member of the result",${related('t-1')}}`,
      'tasks/cancel': task('t-1'),
    }
    const parts = await governed(taskServer(legacyTask, said), {}, policy)
    const id = await begin(parts)
    for (const [method, text] of Object.entries(said)) {
      const told = await (await parts.gateway.post(about(method, id), alice)).text()
      const sealed = told.replace(/(t-\d)\.[-\w]{22}/g, '$1')
      expect(sealed).toBe(result(text))
      expect(told).not.toMatch(/"t-\d"/)
    }
  })

  test('a list without sessions loses the tasks that are known to be of somebody else', async () => {
    const said = { 'tasks/list': `{"tasks":[${task('t-0')}, ${task('t-1')} ]}` }
    const parts = await governed(taskServer(legacyTask, said), {}, policy)
    await begin(parts)
    const list = '{"jsonrpc":"2.0","id":1,"method":"tasks/list"}'
    const listed = async (caller: Record<string, string>): Promise<string> =>
      (await (await parts.gateway.post(list, caller)).text()).replace(/\.[-\w]{22}/g, '')
    expect(await listed(alice)).toBe(result(said['tasks/list']))
    expect(await listed(bob)).toBe(result(`{"tasks":[${task('t-0')}]}`))
  })

  test('a call that is related to a task names a task of its caller', async () => {
    const parts = await governed(taskServer(legacyTask), {}, policy)
    const id = await begin(parts)
    const relating = (name: string): string =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{${related(name)}}}`
    await parts.gateway.post(relating(id), alice)
    expect(lastBody(parts)).toBe(relating('t-1'))
    expect(await (await parts.gateway.post(relating(id), bob)).json()).toEqual(notFound)
  })

  test.each(['tasks/get', 'tasks/cancel', 'tasks/update'])(
    'a %s without an id of its own is no way around that',
    async (method) => {
      const parts = await governed(taskServer(legacyTask), {}, policy)
      const id = await begin(parts)
      const told = (taskId: string): string =>
        JSON.stringify({ jsonrpc: '2.0', method, params: { taskId } })
      await parts.gateway.post(told(id), alice)
      expect(lastBody(parts)).toBe(told('t-1'))
      await parts.gateway.post(told('t-1'), bob)
      expect(sentTo(parts.upstream)).toHaveLength(2)
    },
  )

  test.each([
    ['a number', 'tasks/get', '{"taskId":1}'],
    ['a list, which reads like its one item', 'tasks/cancel', '{"taskId":["t-1"]}'],
    ['a number in a subscription', 'subscriptions/listen', '{"notifications":{"taskIds":[1]}}'],
    ['a text for a list', 'subscriptions/listen', '{"notifications":{"taskIds":"t-1"}}'],
    [
      'a list in a relation',
      'tools/list',
      '{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":["t-1"]}}}',
    ],
  ])('what is no text names no task: %s', async (_what, method, params) => {
    const parts = await governed(taskServer(legacyTask), {}, policy)
    const asked = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`
    expect(await (await parts.gateway.post(asked, alice)).json()).toEqual(notFound)
    expect(sentTo(parts.upstream)).toEqual([])
  })

  test('nobody has the gateway look at tasks without end', async () => {
    const many = Array.from({ length: 10_001 }, () => '{"taskId":"t"}').join(',')
    const said = { 'tasks/list': `{"tasks":[${many}]}` }
    const parts = await governed(taskServer(legacyTask, said), {}, policy)
    const list = '{"jsonrpc":"2.0","id":1,"method":"tasks/list"}'
    expect(await (await parts.gateway.post(list, alice)).json()).toMatchObject({
      error: { message: 'upstream_invalid', data: { forwarded: true } },
    })
    const id = await begin(parts)
    const taskIds = Array.from({ length: 1_001 }, () => id)
    const listen = modern('subscriptions/listen', { notifications: { taskIds } }, 2)
    expect(await (await parts.gateway.post(listen, alice)).json()).toMatchObject({
      error: { code: -32602 },
    })
  })

  test('the outcome is about the same payload as the decision', async () => {
    const parts = await governed(taskServer(legacyTask), {}, policy)
    await parts.gateway.post(about('tasks/get', await begin(parts)), alice)
    const [, outcome] = await logged(parts.gateway, 'outcome', 2)
    const decisions = await logged(parts.gateway, 'decision', 2)
    const decision = decisions.find(({ call_id }) => call_id === outcome?.['call_id'])
    expect(outcome?.['payload_digest']).toBe(decision?.['payload_digest'])
  })

  test('a tool may call what it likes a task id', async () => {
    const text = `{"content":[],"structuredContent":${task('t-1')},"taskId":"t-1"}`
    const parts = await governed(taskServer(text), {}, policy)
    const told = await parts.gateway.post(toolCall('any'), alice)
    expect(await told.text()).toBe(result(text))
  })
})

describe('on streams', () => {
  // A session goes by a sealed name; these messages need none.
  const caller = { ...alice, 'mcp-session-id': '' }
  const scene = async (): Promise<Scene> => keep(await openScene(trustLoopback, 'scripted-pre'))

  test('notifications, requests and results name tasks as the caller does', async () => {
    const { call } = await scene()
    const { send, client } = await call(caller)
    const told = [
      `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":${task('t-1')}}`,
      `{"jsonrpc":"2.0","method":"notifications/tasks","params":${task('t-1')}}`,
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1.0,${related('t-1')}}}`,
      `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"taskIds":["t-1","t-2"]}}}`,
      `{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{"message":"?",${related('t-1')}}}`,
      result(`{"task":${task('t-1')}}`),
    ]
    for (const text of told) {
      send(event(text))
      const passed = (await client.next()) ?? ''
      expect(passed.replace(/(t-\d)\.[-\w]{22}/g, '$1')).toBe(event(text))
      expect(passed).not.toMatch(/"t-\d"/)
    }
  })

  test('tasks that the client holds itself keep their ids', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call(caller)
    const asked = `{"jsonrpc":"2.0","id":9,"method":"tasks/get","params":{"taskId":"c-1"}}`
    send(event(asked))
    expect(await client.next()).toBe(event(asked))
    const answer = `{"jsonrpc":"2.0","id":9,"result":{"task":${task('c-1')},${related('c-1')}}}`
    await reply(answer, caller)
    expect((await answered()).body.toString()).toBe(answer)
    const status = `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":${task('c-1')}}`
    expect((await reply(status, caller)).status).toBe(202)
  })

  test('answers and notifications of a client name the task of the server that they are related to', async () => {
    const { call, reply, answered } = await scene()
    const { send, client } = await call(caller)
    send(event(result(`{"task":${task('t-1')}}`)))
    const [, id = ''] = /"taskId":"([^"]+)"/.exec((await client.next()) ?? '') ?? []
    const answer = (name: string): string =>
      `{"jsonrpc":"2.0","id":9,"result":{"action":"accept",${related(name)}}}`
    await reply(answer(id), caller)
    expect((await answered()).body.toString()).toBe(answer('t-1'))
  })
})

describe('nothing is sealed', () => {
  test.each([
    ['without identities', { AUTH_MODE: 'none' }],
    ['in mode off', { POLICY_MODE: 'off' }],
  ])('%s', async (_where, env) => {
    const parts = keep(
      await startGoverned(taskServer(legacyTask), {
        ...('AUTH_MODE' in env ? {} : trustLoopback),
        ...env,
      }),
    )
    expect(await begin(parts)).toBe('t-1')
    await parts.gateway.post(about('tasks/get', 't-1'), alice)
    expect(lastBody(parts)).toBe(about('tasks/get', 't-1'))
  })

  test.each(['audit-only', 'warn'])('but in mode %s ids are: they are not policy', async (mode) => {
    const parts = await governed(taskServer(legacyTask), { POLICY_MODE: mode })
    expect(await begin(parts)).toMatch(/^t-1\./)
  })
})
