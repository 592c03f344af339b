import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { openScene } from '../support/stream-scene.js'
import { echo } from '../support/upstream.js'

const keep = closedAfterEach()
const denying = { UNKNOWN_METHODS: 'deny' }

async function governed(env: Record<string, string> = {}): Promise<Governed> {
  return keep(await startGoverned(echo, env))
}

const skills = '{"jsonrpc":"2.0","id" : 1.0,"method":"skills/get","params":{"name":"a","n":1e400}}'
const thing = '{"jsonrpc":"2.0","method":"acme/thing","params":{"n":1.0}}'
const modern = '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}'

describe('a method that no revision of the protocol has', () => {
  test('passes byte for byte, judged with its params', async () => {
    const { gateway, upstream } = await governed()
    expect((await gateway.post(skills)).status).toBe(200)
    expect((await gateway.post(thing)).status).toBe(202)
    expect(sentTo(upstream)).toEqual([skills, thing])
    const denial = script({ pre: { 'skills/get': { allow: false, reason: 'no_skills' } } })
    const reply = await gateway.post(skills, denial)
    expect(await reply.json()).toMatchObject({ error: { data: { reason: 'no_skills' } } })
    expect(sentTo(upstream)).toHaveLength(2)
  })

  test.each([
    ['legacy', skills, 200],
    ['modern', skills.replace('"name":"a"', modern), 404],
  ])(
    'is not found by a caller of the %s era where the configuration says so',
    async (_era, body, status) => {
      const { gateway, upstream } = await governed(denying)
      const reply = await gateway.post(body)
      expect([reply.status, await reply.json()]).toMatchObject([
        status,
        { id: 1, error: { code: -32601, message: 'Method not found' } },
      ])
      expect(upstream.received).toEqual([])
      const [line] = await logged(gateway, 'decision')
      expect(line).toMatchObject({
        kind: 'skills/get',
        effect: 'deny',
        enforced: true,
        engine: 'none',
        reason: 'unknown_method',
      })
      const [outcome] = await logged(gateway, 'outcome')
      expect(outcome).toMatchObject({ decision_id: line['decision_id'], result: { status } })
    },
  )

  test('as a notification is dropped there without a word', async () => {
    const { gateway, upstream } = await governed(denying)
    const reply = await gateway.post(thing)
    expect([reply.status, await reply.text()]).toEqual([202, ''])
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({ reason: 'unknown_method' })
  })

  test.each(['audit-only', 'warn', 'off'])('passes in mode %s', async (mode) => {
    const { gateway, upstream } = await governed({ ...denying, POLICY_MODE: mode })
    await gateway.post(skills)
    expect(sentTo(upstream)).toEqual([skills])
  })

  test('is not found where there is no policy and calls pass without one', async () => {
    const { gateway, upstream } = await governed({
      ...denying,
      POLICY_BUNDLE_PATH: '/nowhere/bundle.tar.gz',
      POLICY_FAIL_MODE: 'open',
    })
    expect(await (await gateway.post(skills)).json()).toMatchObject({ error: { code: -32601 } })
    expect(upstream.received).toEqual([])
  })

  test.each(['call', 'listen'] as const)(
    'is answered to a server that asks on the stream of a %s, and its notification is dropped',
    async (way) => {
      const { answered, gateway, ...parts } = keep(await openScene(denying))
      const { send, client } = await parts[way]()
      send(event('{"jsonrpc":"2.0","id":"a","method":"acme/ask","params":{}}'))
      send(event(thing))
      const ping = '{"jsonrpc":"2.0","id":"b","method":"ping"}'
      send(event(ping))
      expect(await client.next()).toBe(event(ping))
      expect((await answered()).json).toMatchObject({ id: 'a', error: { code: -32601 } })
      const lines = await logged(gateway, 'decision', way === 'call' ? 4 : 3)
      expect(lines.filter(({ reason }) => reason === 'unknown_method')).toMatchObject([
        { kind: 'acme/ask', direction: 'to_client', effect: 'deny', enforced: true },
        { kind: 'acme/thing', direction: 'to_client', effect: 'deny', enforced: true },
      ])
    },
  )
})

test.each(['tools/list', 'ping', 'completion/complete', 'tasks/list'])(
  '%s is known, and passes',
  async (method) => {
    const { gateway, upstream } = await governed(denying)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method })
    await gateway.post(body)
    expect(sentTo(upstream)).toEqual([body])
  },
)
