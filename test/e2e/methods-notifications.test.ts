import { describe, expect, test } from 'vitest'
import { event } from '../support/event-server.js'
import { logged, script, sentTo, startGoverned } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { note, openScene } from '../support/stream-scene.js'
import { echo } from '../support/upstream.js'

const keep = closedAfterEach()
const denial = { allow: false, reason: 'quiet' }

const of = (kind: string, params = '{"reason":"a","n":1.0}'): string =>
  `{"jsonrpc":"2.0","method":${JSON.stringify(kind)},"params":${params}}`

describe('a notification of the client', () => {
  const kinds = [
    'notifications/initialized',
    'notifications/cancelled',
    'notifications/progress',
    'notifications/roots/list_changed',
    'notifications/tasks/status',
    'notifications/of/tomorrow',
  ]

  test.each(kinds)('%s that policy refuses is accepted, dropped and logged', async (kind) => {
    const { gateway, upstream } = keep(await startGoverned(echo))
    const reply = await gateway.post(of(kind), script({ pre: { [kind]: denial } }))
    expect([reply.status, await reply.text()]).toEqual([202, ''])
    expect(upstream.received).toEqual([])
    expect((await logged(gateway, 'decision'))[0]).toMatchObject({
      kind,
      direction: 'to_server',
      effect: 'deny',
      reason: 'quiet',
    })
  })

  test.each(kinds)('%s goes on as policy patched it', async (kind) => {
    const { gateway, upstream } = keep(await startGoverned(echo))
    const patch = [{ op: 'replace', path: '/params/reason', value: 'b' }]
    await gateway.post(of(kind), script({ pre: { [kind]: { allow: true, patch } } }))
    await gateway.post(of(kind))
    expect(sentTo(upstream)).toEqual([of(kind).replace('"a"', '"b"'), of(kind)])
  })
})

describe('a notification of the server', () => {
  const kinds = [
    'notifications/cancelled',
    'notifications/progress',
    'notifications/message',
    'notifications/tools/list_changed',
    'notifications/elicitation/complete',
    'notifications/tasks/status',
    'notifications/of/tomorrow',
  ]
  const after = event(note('"after"').replace('"info"', '"error"'))

  describe.each(['call', 'listen'] as const)('on the stream of a %s', (way) => {
    test.each(kinds)('%s that policy refuses is dropped and logged', async (kind) => {
      const parts = keep(await openScene())
      const post = { [kind]: denial }
      const { send, client } = await parts[way](script({ post }))
      send(event(of(kind)))
      const last = kind === 'notifications/message' ? ': after\n\n' : after
      send(last)
      expect(await client.next()).toBe(last)
      const lines = await logged(parts.gateway, 'decision', way === 'call' ? 2 : 1)
      expect(lines.filter((line) => line['kind'] === kind)).toMatchObject([
        { hook: 'post', direction: 'to_client', effect: 'deny', enforced: true, reason: 'quiet' },
      ])
    })

    test.each(kinds)('%s goes on as policy patched it', async (kind) => {
      const parts = keep(await openScene())
      const patch = [{ op: 'replace', path: '/response/reason', value: 'b' }]
      const { send, client } = await parts[way](
        script({ post: { [kind]: { allow: true, patch } } }),
      )
      send(event(of(kind)))
      expect(await client.next()).toBe(event(of(kind).replace('"a"', '"b"')))
    })
  })
})
