import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { toolCall } from '../support/gateway.js'
import { logged, script } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { note, openScene, session, type Scene } from '../support/stream-scene.js'

const keep = closedAfterEach()
const scene = async (...args: Parameters<typeof openScene>): Promise<Scene> =>
  keep(await openScene(...args))

const result = '{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993,"secret":1.0,"content":[]}}'
const noted = { method: 'notifications/message' }
const denial = { allow: false, reason: 'not_now' }

describe('a stream that a client resumes', () => {
  test('carries the rest of a reply, judged as the reply to its call', async () => {
    const { call, listen, gateway } = await scene()
    const masking = { allow: true, mask_fields: ['secret'] }
    const calling = await call(script({ post: { 'tools/call': masking } }))
    calling.send(event(note('1'), '1'))
    expect(await calling.client.message()).toMatchObject(noted)
    calling.breakOff()
    await calling.client.next().catch(() => undefined)
    const { send, client } = await listen({
      'last-event-id': '1',
      ...script({ post: { unsolicited: denial } }),
    })
    send(event(result, '2'))
    expect(await client.message()).toMatchObject({ id: 1, result: { secret: '****' } })
    expect((await logged(gateway, 'decision', 3)).at(-1)).toMatchObject({
      kind: 'tools/call',
      hook: 'post',
      target: { name: 'slow' },
      effect: 'allow',
    })
  })

  const dropped = async (from: Scene, headers?: Record<string, string>): Promise<void> => {
    const { send, breakOff, client } = await from.call(headers)
    send(event(note('1'), 'first'))
    await client.next()
    breakOff()
    await client.next().catch(() => undefined)
  }

  test('carries the reply to a call whose id came again, judged as neither', async () => {
    const from = await scene()
    await dropped(from)
    const later = await from.call()
    later.send(event(result, 'second'))
    later.end()
    expect(await later.client.message()).toMatchObject({ id: 1, result: {} })
    for (const last of ['first', 'second']) {
      const { send, client } = await from.listen({
        'last-event-id': last,
        ...script({ post: { unsolicited: denial } }),
      })
      send(event(result, 'third'))
      expect(await client.message()).toMatchObject({ id: 1, error: { message: 'policy_deny' } })
    }
  })

  test.each([
    ['after an event of another stream', { 'last-event-id': 'of-another' }],
    ['after no event', {}],
  ])('%s carries no reply that is known', async (_where, headers: Record<string, string>) => {
    const from = await scene()
    await dropped(from)
    const { send, client } = await from.listen({
      ...headers,
      ...script({ post: { unsolicited: denial } }),
    })
    send(event(result, 'second'))
    expect(await client.message()).toMatchObject({ id: 1, error: { message: 'policy_deny' } })
  })

  test('carries a reply again after its end, refused again', async () => {
    const { call, listen, gateway } = await scene()
    const { send, end, client } = await call(script({ post: { 'tools/call': denial } }))
    send(event(note('1'), 'first'))
    send(event(result, 'second'))
    end()
    expect(await client.message()).toMatchObject(noted)
    expect(await client.message()).toMatchObject({ error: { message: 'policy_deny' } })
    expect(await client.next()).toBeUndefined()
    const resumed = await listen({ 'last-event-id': 'first' })
    resumed.send(event(result, 'second'))
    expect(await resumed.client.message()).toMatchObject({ error: { message: 'policy_deny' } })
    const [, , before, after] = await logged(gateway, 'decision', 4)
    const members = [
      'kind',
      'target',
      'call_id',
      'payload_digest',
      'request_fingerprint',
      'session',
    ]
    for (const member of members) expect(after?.[member]).toEqual(before?.[member])
  })

  test('carries the reply to a call that is too large to be kept, judged as that to none', async () => {
    const { gateway, listen, stream } = await scene()
    const asked = gateway.post(toolCall('slow', { text: 'x'.repeat(70_000) }), session)
    const [upstream, reply] = await Promise.all([stream(), asked])
    upstream.write(event(note('1'), 'first'))
    await reply.body?.getReader().read()
    const { send, client } = await listen({
      'last-event-id': 'first',
      ...script({ post: { unsolicited: denial } }),
    })
    send(event(result, 'second'))
    expect(await client.message()).toMatchObject({ id: 1, error: { message: 'policy_deny' } })
    upstream.destroy()
  })
})
