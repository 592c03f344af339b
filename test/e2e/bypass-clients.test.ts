import { describe, expect, test } from 'vitest'
import { createEventServer, event, readEvents } from '../support/event-server.js'
import { as, toolCall, trustLoopback } from '../support/gateway.js'
import { logged, script, startGoverned } from '../support/governed.js'
import { closedAfterEach } from '../support/opened.js'
import { elicitation, openScene, session } from '../support/stream-scene.js'

const keep = closedAfterEach()
const other = { 'mcp-session-id': 's-2' }

const result = (says: string): string =>
  `{"jsonrpc":"2.0","id":1,"result":{"says":"${says}","secret":1.0}}`

const masking = script({ post: { 'tools/call': { allow: true, mask_fields: ['secret'] } } })

describe('two clients that use the same id', () => {
  test.each([
    ['in sessions of their own', session, other],
    ['without sessions', {}, {}],
    ['in one session', session, session],
  ])('%s get their own replies, judged beside their own calls', async (_where, first, second) => {
    const server = createEventServer()
    const { gateway } = keep(await startGoverned(server.answer))
    const asked = [gateway.post(toolCall('a', {}), { ...first, ...masking })]
    const streams = [await server.stream()]
    asked.push(gateway.post(toolCall('b', {}), second))
    streams.push(await server.stream())
    const [a, b] = (await Promise.all(asked)).map(readEvents)
    streams[1]?.write(event(result('b')))
    streams[0]?.write(event(result('a')))
    expect(await b?.next()).toBe(event(result('b')))
    expect(await a?.next()).toBe(event(result('a').replace('1.0', '"****"')))
    for (const stream of streams) stream.end()
    expect([await a?.next(), await b?.next()]).toEqual([undefined, undefined])
  })

  test('of different principals are on record as who they are', async () => {
    const server = createEventServer()
    const { gateway } = keep(await startGoverned(server.answer, trustLoopback))
    for (const user of ['alice', 'bob']) {
      const [stream, reply] = await Promise.all([
        server.stream(),
        gateway.post(toolCall(user, {}), as(user, 'dev')),
      ])
      stream.end(event(result(user)))
      await reply.text()
    }
    const outcomes = await logged(gateway, 'outcome', 2)
    expect(outcomes).toMatchObject([
      { principal: { id: 'alice' }, target: { name: 'alice' }, request_id: 1 },
      { principal: { id: 'bob' }, target: { name: 'bob' }, request_id: 1 },
    ])
    expect(outcomes[0]['call_id']).not.toBe(outcomes[1]?.['call_id'])
  })
})

test('an answer counts for the request of its own session only', async () => {
  const parts = keep(await openScene())
  const { send, client } = await parts.call()
  send(event(elicitation))
  await client.next()
  const answer = '{"jsonrpc":"2.0","id":"e1","result":{"action":"accept","content":{}}}'
  await parts.reply(answer, other)
  await parts.reply(answer)
  const lines = await logged(parts.gateway, 'decision', 4)
  expect(lines.slice(2)).toMatchObject([
    { kind: 'unsolicited', hook: 'post' },
    { kind: 'elicitation/create', hook: 'post' },
  ])
})
