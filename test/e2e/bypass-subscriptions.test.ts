import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { logged, script, sentTo, startGoverned, type Governed } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { openScene, type Scene } from '../support/stream-scene.js'
import { echo } from '../support/upstream.js'

const keep = closedAfterEach()

async function guarded(env: Record<string, string> = {}, policy = 'guarded'): Promise<Governed> {
  return keep(await startGoverned(echo, env, policy))
}

/** As a client of the modern era asks, with a number and spaces that a rewritten text would lose. */
function listening(resourceSubscriptions: string, more = '"toolsListChanged":true, '): string {
  const filter = `{${more}"resourceSubscriptions" : ${resourceSubscriptions}}`
  const meta = '{"io.modelcontextprotocol/protocolVersion":"2026-07-28","n":9007199254740993}'
  return `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":${filter},"_meta":${meta}}}`
}

const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }

describe('a subscription to resources that its caller may not read', () => {
  test('reaches the server without them, and nothing else is changed', async () => {
    const { gateway, upstream } = await guarded()
    const asked =
      '["file:///srv/a" , "file:///etc/passwd", "file:///srv/../etc/a",\n"file:///srv/b"]'
    expect((await gateway.post(listening(asked), headers)).status).toBe(200)
    const left = '["file:///srv/a" ,\n"file:///srv/b"]'
    expect(sentTo(upstream)).toEqual([listening(left)])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      kind: 'subscriptions/listen',
      effect: 'allow',
      enforced: true,
      warnings: ['2 of 4 resource subscriptions were removed: forbidden_file'],
      sent_digest: expect.any(String),
    })
  })

  test('reaches the server with an empty list where none is left', async () => {
    const { gateway, upstream } = await guarded()
    await gateway.post(listening('["file:///etc/a","file:///etc/%61"]', ''), headers)
    expect(sentTo(upstream)).toEqual([listening('[]', '')])
  })

  test('reaches it whole in audit-only mode, and the record says what would have been removed', async () => {
    const { gateway, upstream } = await guarded({ POLICY_MODE: 'audit-only' })
    const body = listening('["file:///etc/a"]')
    await gateway.post(body, headers)
    expect(sentTo(upstream)).toEqual([body])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      warnings: ['1 of 1 resource subscriptions would be removed: forbidden_file'],
    })
  })

  test.each([
    ['that is a text', '"file:///etc/a"'],
    ['that is null', 'null'],
    ['with a member that is no text', '["file:///srv/a",["file:///etc/a"]]'],
    ['of more than 1,000', JSON.stringify(Array.from({ length: 1001 }, (_, n) => `note://n/${n}`))],
  ])('as a list %s is a policy error', async (_what, uris) => {
    const { gateway, upstream } = await guarded()
    const reply = await gateway.post(listening(uris), headers)
    expect(await reply.json()).toMatchObject({ error: { code: 403, message: 'policy_error' } })
    expect(upstream.received).toEqual([])
  })

  test('is a policy error where policy cannot decide about one of them', async () => {
    const { gateway, upstream } = await guarded({}, 'scripted')
    const undecided = script({ pre: { 'resources/read': 'nonsense' } })
    const reply = await gateway.post(listening('["file:///srv/a"]'), { ...headers, ...undecided })
    expect(await reply.json()).toMatchObject({ error: { message: 'policy_error' } })
    expect(upstream.received).toEqual([])
  })

  test('is not asked about where there are none', async () => {
    const { gateway, upstream } = await guarded()
    const bodies = [listening('[]'), listening('["file:///srv/a"]')]
    for (const body of bodies) expect((await gateway.post(body, headers)).status).toBe(200)
    expect(sentTo(upstream)).toEqual(bodies)
  })
})

const updated = (uri: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } })

describe('news of a resource', () => {
  const scene = async (...args: Parameters<typeof openScene>): Promise<Scene> =>
    keep(await openScene(...args))

  test.each(['call', 'listen'] as const)(
    'that its reader may not have is dropped from the stream of a %s, and that is on record',
    async (way) => {
      const parts = await scene({}, 'guarded')
      const { send, client } = await parts[way]()
      send(event(updated('file:///srv/../etc/passwd')))
      send(event(updated('file:///srv/a')))
      expect(await client.next()).toBe(event(updated('file:///srv/a')))
      const lines = await logged(parts.gateway, 'decision', way === 'call' ? 3 : 2)
      expect(lines.slice(-2)).toMatchObject([
        {
          kind: 'notifications/resources/updated',
          hook: 'pre',
          direction: 'to_client',
          effect: 'deny',
          enforced: true,
          reason: 'forbidden_file',
        },
        { kind: 'notifications/resources/updated', effect: 'allow' },
      ])
    },
  )

  test('is dropped from the stream of a subscription', async () => {
    const { gateway, stream } = await scene({}, 'guarded')
    const [server, reply] = await Promise.all([stream(), gateway.post(listening('[]'), headers)])
    server.write(event(updated('file:///etc/passwd')))
    server.end(event(updated('file:///srv/a')))
    expect(await reply.text()).toBe(event(updated('file:///srv/a')))
  })

  test.each([
    ['without a URI', '{}'],
    ['with a URI that is no text', '{"uri":["file:///srv/a"]}'],
    ['with a lone surrogate, which policy cannot be shown', '{"uri":"file:///srv/\\ud800"}'],
  ])('%s is dropped, and the stream goes on', async (_what, params) => {
    const parts = await scene({}, 'guarded')
    const { send, client } = await parts.listen()
    send(event(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":${params}}`))
    send(event(updated('file:///srv/a')))
    expect(await client.next()).toBe(event(updated('file:///srv/a')))
    expect((await logged(parts.gateway, 'decision'))[0]).toMatchObject({ code: 'policy_error' })
  })

  test('meets mcp/post and the read, and the stricter holds', async () => {
    const parts = await scene()
    const denial = { allow: false, reason: 'not_this' }
    const decided = script({ pre: { 'resources/read': denial } })
    const { send, client } = await parts.call(decided)
    send(event(updated('file:///srv/a')))
    send(event('{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}'))
    expect(await client.next()).toContain('notifications/message')
    expect((await logged(parts.gateway, 'decision', 3))[1]).toMatchObject({
      kind: 'notifications/resources/updated',
      hook: 'post',
      effect: 'deny',
      reason: 'not_this',
    })
  })

  test('passes in audit-only mode', async () => {
    const parts = await scene({ POLICY_MODE: 'audit-only' }, 'guarded')
    const { send, client } = await parts.listen()
    send(event(updated('file:///etc/passwd')))
    expect(await client.next()).toBe(event(updated('file:///etc/passwd')))
    expect((await logged(parts.gateway, 'decision'))[0]).toMatchObject({ would_deny: true })
  })
})
