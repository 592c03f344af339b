import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEvents } from '../support/event-server.js'
import { as, mcpHeaders, trustLoopback } from '../support/gateway.js'
import {
  inSession,
  legacyClient,
  modernClient,
  rough,
  startRough,
  type RoughScene,
} from '../support/rough.js'

let scene: RoughScene

beforeAll(async () => {
  scene = await startRough({ own: rough('legacy'), shared: rough('modern') }, trustLoopback)
})

afterAll(async () => {
  await scene.close()
})

describe('two principals at one child', () => {
  test('with equal ids and progress tokens each gets what is its own', async () => {
    const url = scene.urlOf('shared')
    const users = Array.from({ length: 10 }, (_none, place) => `user-${place}`)
    const heard = await Promise.all(
      users.map(async (user) => {
        const client = modernClient(url, as(user))
        const args = { text: `secret of ${user}`, until: users.length }
        const events = readEvents(await client.begin('together', args, { progressToken: 'same' }))
        return [await events.message(), await events.message(), await events.next()]
      }),
    )
    expect(heard).toEqual(
      users.map((user) => [
        {
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: {
            progressToken: 'same',
            progress: expect.any(Number) as number,
            message: `progress of secret of ${user}`,
          },
        },
        {
          jsonrpc: '2.0',
          id: 1,
          result: { content: [{ type: 'text', text: `secret of ${user}` }] },
        },
        undefined,
      ]),
    )
  })

  test('what does not say whose it is reaches nobody who did not have the child alone', async () => {
    const url = scene.urlOf('shared')
    const logLevel = { 'io.modelcontextprotocol/logLevel': 'debug' }
    const alice = modernClient(url, as('alice'))
    const bob = modernClient(url, as('bob'))
    expect((await alice.call('lateLog', { text: 'of alice' }, logLevel)).text).toBe('soon')
    const reply = await bob.begin('releaseLog', {}, logLevel)
    expect(await reply.text()).not.toContain('of alice')
  })
})

describe('a session on stdio', () => {
  test('is one for whom it was issued to, and none for anybody else', async () => {
    const url = scene.urlOf('own')
    const alice = await legacyClient(url, as('alice'))
    const session = alice.headers['mcp-session-id'] ?? ''
    const stranger = inSession(url, session, as('bob'))
    const nobody = inSession(url, session)
    for (const client of [stranger, nobody]) {
      expect((await client.call('echo', { text: 'x' })).status).toBe(404)
      expect((await client.post('{"jsonrpc":"2.0","id":"q-1","result":{}}')).status).toBe(404)
      const listening = await fetch(url, {
        headers: { ...client.headers, accept: 'text/event-stream' },
      })
      expect(listening.status).toBe(404)
      const ended = await fetch(url, { method: 'DELETE', headers: client.headers })
      expect(ended.status).toBe(404)
    }
    expect((await alice.call('echo', { text: 'mine' })).text).toBe('mine')
  })

  test('has ids of its own: the same ids in two sessions do not meet', async () => {
    const url = scene.urlOf('own')
    const [alice, bob] = await Promise.all([
      legacyClient(url, as('alice')),
      legacyClient(url, as('bob')),
    ])
    const texts = await Promise.all(
      [alice, bob].map((client, place) => client.call('echo', { text: `for ${place}` })),
    )
    expect(texts.map(({ text }) => text)).toEqual(['for 0', 'for 1'])
  })
})

test('a session cannot be made up', async () => {
  const card = Buffer.from(JSON.stringify({ p: '2025-11-25', i: {}, c: {}, r: 'x' }))
  const forged = `bridged.${card.toString('base64url')}`
  for (const server of ['own', 'shared']) {
    const client = inSession(scene.urlOf(server), forged, as('mallory'))
    expect((await client.call('echo', { text: 'x' })).status).toBe(404)
  }
  expect(mcpHeaders.accept).toContain('text/event-stream')
})
