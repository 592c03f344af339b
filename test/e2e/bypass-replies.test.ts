import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { event, readEvents, type EventReader } from '../support/event-server.js'
import { toolCall } from '../support/gateway.js'
import { bundleOf, logged, script, startGoverned, type Governed } from '../support/governed.js'
import { mirrored, modern } from '../support/modern.js'
import { closedAfterEach } from '../support/opened.js'
import { elicitation, note, openScene } from '../support/stream-scene.js'
import { json, type Answerer } from '../support/upstream.js'

const keep = closedAfterEach()
const governed = async (answer: Answerer, env = {}, policy = 'scripted-pre'): Promise<Governed> =>
  keep(await startGoverned(answer, env, policy))

const result = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'
const denial = { allow: false, reason: 'not_now' }

/** Clients take whatever stands in a JSON body for messages of the server, requests too. */
describe('a JSON body that is no response, under a policy without a post-hook', () => {
  const asking = '{"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{}}'

  test.each([
    ['a request of the server', asking],
    ['one whose method is spelled with an escape', asking.replace('"method"', '"\\u006dethod"')],
    ['one whose method comes last', `{"jsonrpc":"2.0","id":9,"params":{"a":1},"method":"ping"}`],
    ['a batch with one in it', `[${result},${asking}]`],
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/message","params":{}}'],
  ])('%s is withheld, and that is on record', async (_what, body) => {
    const { gateway } = await governed(json(body))
    const reply = await gateway.post(toolCall('any'))
    expect([reply.status, await reply.json()]).toMatchObject([
      502,
      { id: 1, error: { message: 'upstream_invalid', data: { forwarded: true } } },
    ])
    const lines = await logged(gateway, 'decision', 2)
    expect(lines[1]).toMatchObject({ hook: 'post', effect: 'deny', code: 'policy_error' })
  })

  test('breaks off where it is too long to be read', async () => {
    const long = `{"jsonrpc":"2.0","id":9,"params":{"a":"${'a'.repeat(100_000)}"},"method":"ping"}`
    const { gateway } = await governed(json(long), { MAX_MESSAGE_BYTES: '65536' })
    const reply = await gateway.post(toolCall('any'))
    await expect(reply.text()).rejects.toThrow()
    expect(await logged(gateway, 'decision', 2)).toMatchObject([{}, { code: 'policy_error' }])
  })

  test('passes in audit-only mode', async () => {
    const { gateway } = await governed(json(asking), { POLICY_MODE: 'audit-only' })
    expect(await (await gateway.post(toolCall('any'))).text()).toBe(asking)
  })

  test('a response that speaks of a method passes byte for byte', async () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"method":"GET","n":1e400}}}'
    const { gateway } = await governed(json(text))
    expect(await (await gateway.post(toolCall('any'))).text()).toBe(text)
  })
})

describe('a JSON body that answers another request, of a call that policy judges', () => {
  test.each([
    ['a result', result.replace('"id":1', '"id":2')],
    ['an error', '{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"no"}}'],
    ['one with an id of another type', result.replace('"id":1', '"id":"1"')],
  ])('%s is withheld', async (_what, body) => {
    const { gateway } = await governed(json(body), {}, 'scripted')
    const reply = await gateway.post(toolCall('any'))
    expect([reply.status, await reply.json()]).toMatchObject([
      502,
      { id: 1, error: { message: 'upstream_invalid', data: { forwarded: true } } },
    ])
  })

  test.each([
    ['the same number, spelled otherwise', result.replace('"id":1', '"id":1.0')],
    [
      'an error that names no request',
      '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"no"}}',
    ],
  ])('%s is its own', async (_what, body) => {
    const { gateway } = await governed(json(body), {}, 'scripted')
    expect(await (await gateway.post(toolCall('any'))).text()).toBe(body)
  })

  test('passes in audit-only mode', async () => {
    const other = result.replace('"id":1', '"id":2')
    const { gateway } = await governed(json(other), { POLICY_MODE: 'audit-only' }, 'scripted')
    expect(await (await gateway.post(toolCall('any'))).text()).toBe(other)
  })
})

test('what stands in the body of a 202 is searched like any other', async () => {
  const asking = `{"jsonrpc":"2.0","id":1,"result":{"inputRequests":{"a":{"method":"roots/list"}}}}`
  const { gateway } = await governed(json(asking, 202))
  const reply = await gateway.post(toolCall('any'), script({ pre: { 'roots/list': denial } }))
  expect([reply.status, await reply.json()]).toMatchObject([
    403,
    { error: { message: 'policy_deny' } },
  ])
})

describe('a stream that began while no policy was there, and failed open', () => {
  const scene = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'late-'))
    keep({ close: () => rm(folder, { recursive: true }) })
    const path = join(folder, 'bundle.tar.gz')
    const env = { POLICY_BUNDLE_PATH: path, POLICY_FAIL_MODE: 'open' }
    const opened = keep(await openScene(env))
    const load = async (): Promise<void> => {
      await copyFile(bundleOf('scripted'), path)
      await opened.gateway.reload()
    }
    return { ...opened, load }
  }

  test('that a client opened to listen: from then on policy judges what comes', async () => {
    const { gateway, stream, load } = await scene()
    const posted = gateway.post(
      modern('subscriptions/listen', { notifications: { toolsListChanged: true } }),
      {
        ...mirrored('subscriptions/listen'),
        ...script({ post: { 'notifications/message': denial } }),
      },
    )
    const [server, reply] = await Promise.all([stream(), posted])
    const client = keepReader(reply)
    server.write(event(note('1')))
    expect(await client.next()).toBe(event(note('1')))
    await load()
    server.write(event(note('2')))
    const other = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
    server.write(event(other))
    expect(await client.next()).toBe(event(other))
  })

  test('of a call: policy judges the requests of the server on it', async () => {
    const { call, load, answered } = await scene()
    const { send, client } = await call(script({ pre: { 'elicitation/create': denial } }))
    send(event(note('1')))
    expect(await client.next()).toBe(event(note('1')))
    await load()
    send(event(elicitation))
    expect((await answered()).json).toMatchObject({ id: 'e1', result: { action: 'decline' } })
    send(event(result))
    expect(await client.next()).toBe(event(result))
  })
})

test('a server that asks without end is refused a few at a time', async () => {
  const asked = 300
  const held: ServerResponse[] = []
  const { gateway } = await governed(({ body }, response) => {
    const message = JSON.parse(body.toString()) as { method?: string }
    if (message.method === undefined) {
      held.push(response)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let id = 0; id < asked; id += 1) response.write(event(elicitation.replace('e1', `e${id}`)))
    response.end(event(result))
  })
  const called = gateway.post(toolCall('any'), script({ pre: { 'elicitation/create': denial } }))
  await vi.waitFor(() => expect(held.length).toBeGreaterThanOrEqual(64))
  for (let turn = 0; turn < 20; turn += 1) await gateway.decisions()
  expect(held).toHaveLength(64)
  for (let answered = 0; answered < asked; answered += 1) {
    const response = await vi.waitFor(() => held.shift() ?? expect.fail('nothing is answered'))
    response.writeHead(202).end()
  }
  expect(await (await called).text()).toBe(event(result))
})

function keepReader(reply: Response): EventReader {
  const client = readEvents(reply)
  keep({ close: () => client.cancel().catch(() => undefined) })
  return client
}
