import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, describe, expect, test } from 'vitest'
import {
  inSession,
  initializing,
  isAlive,
  legacyClient,
  modernClient,
  rough,
  small,
  startRough,
  type RoughScene,
} from '../support/rough.js'
import { textOf } from '../support/client.js'
import { mcpHeaders, trustLoopback, as } from '../support/gateway.js'
import { mirrored, modern } from '../support/modern.js'

const open: RoughScene[] = []

async function start(...args: Parameters<typeof startRough>): Promise<RoughScene> {
  const scene = await startRough(...args)
  open.push(scene)
  return scene
}

afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close()
})

const numberOf = async (said: Promise<{ readonly text: string }>): Promise<number> =>
  Number((await said).text)

describe('the end of the gateway', () => {
  test('ends every process that its servers started, however stubborn, side by side', async () => {
    const names = ['one', 'two', 'three']
    const scene = await start(Object.fromEntries(names.map((name) => [name, rough('legacy')])))
    const pids = await Promise.all(
      names.map(async (name) => {
        const client = await legacyClient(scene.urlOf(name))
        return [
          await numberOf(client.call('grandchild')),
          await numberOf(client.call('stubborn')),
        ] as const
      }),
    )
    expect(await Promise.all(pids.flat().map(isAlive))).not.toContain(false)
    const began = performance.now()
    expect(await scene.close()).toBe(0)
    // Closed stdin has 2 s and SIGTERM another 2 s before SIGKILL: for all together, not for each.
    expect(performance.now() - began).toBeLessThan(9_000)
    expect(await Promise.all(pids.flat().map(isAlive))).not.toContain(true)
  })

  test('waits for calls in flight no longer than it was told', async () => {
    const scene = await start({ own: rough('legacy') }, { SHUTDOWN_TIMEOUT_MS: '100' })
    const client = await legacyClient(scene.urlOf('own'))
    const hanging = client.call('hang', { name: 'here' }).catch(() => 'cut off')
    await scene.said('own', 'hanging here')
    expect(await scene.close()).toBe(0)
    expect(await hanging).toBe('cut off')
  })

  test('does not wait for a client that only listens, in either era', async () => {
    const servers = { own: rough('legacy'), shared: rough('modern') }
    const scene = await start(servers, { SHUTDOWN_TIMEOUT_MS: '60000' })
    const client = await legacyClient(scene.urlOf('own'))
    await client.neglect()
    const subscribed = await fetch(scene.urlOf('shared'), {
      method: 'POST',
      headers: { ...mcpHeaders, ...mirrored('subscriptions/listen') },
      body: modern('subscriptions/listen', { notifications: { toolsListChanged: true } }),
    })
    expect(subscribed.status).toBe(200)
    expect(await scene.close()).toBe(0)
    await subscribed.text().catch(() => undefined)
  })
})

describe('a server that does not start', () => {
  test('a command that is not there: the caller is told, and the others are served', async () => {
    const scene = await start({
      gone: { command: '/nowhere/server', era: 'legacy' },
      goneToo: { command: 'no-such-program', era: 'modern' },
      small,
    })
    const begun = await fetch(scene.urlOf('gone'), {
      method: 'POST',
      headers: mcpHeaders,
      body: initializing,
    })
    expect(begun.status).toBe(502)
    expect(await begun.json()).toMatchObject({ error: { message: 'upstream_unavailable' } })
    expect((await modernClient(scene.urlOf('goneToo')).call('echo')).status).toBe(502)
    const failure = await scene.gateway.seen('operatorLog', ({ msg }) => msg === 'upstream_failed')
    expect(JSON.stringify(failure)).toContain('\\"server\\" cannot be started (ENOENT)')
    const all = await legacyClient(scene.gateway.mcpUrl)
    expect((await all.call('small__echo', { text: 'here' })).text).toBe('here')
  })

  test('one that ends at once is not started again and again', async () => {
    const scene = await start({ dying: { ...rough('dies'), era: 'modern' } })
    const client = modernClient(scene.urlOf('dying'))
    const answers = []
    for (let round = 0; round < 50; round += 1) answers.push(await client.call('echo'))
    expect(answers.filter(({ status }) => status !== 502)).toEqual([])
    const starts = scene.gateway.operatorLog.filter(({ msg }) => msg === 'child_started')
    expect(starts.length).toBeLessThan(10)
    expect(await scene.said('dying', 'no use in living')).toMatchObject({ level: 'info' })
  })

  test('one that ends when it is asked what it speaks is not asked by every call', async () => {
    const scene = await start({ dying: rough('dies') })
    const client = modernClient(scene.urlOf('dying'))
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.call('echo')))
    expect(answers.filter(({ status }) => status !== 502)).toEqual([])
    const starts = scene.gateway.operatorLog.filter(({ msg }) => msg === 'child_started')
    expect(starts.length).toBe(2)
  })
})

describe('a gateway that is started anew', () => {
  test.each([
    ['without identities', {}, {}],
    ['with identities', trustLoopback, as('alice')],
  ])('%s: knows none of the sessions, and clients begin again', async (_what, env, user) => {
    const first = await start({ small }, env)
    const { port } = new URL(first.gateway.mcpUrl)
    const before = await legacyClient(first.urlOf('small'), user)
    await first.close()
    const second = await start({ small }, { ...env, PORT: port })
    const url = second.urlOf('small')
    const session = before.headers['mcp-session-id'] ?? ''
    const { status } = await inSession(url, session, user).call('echo', { text: 'x' })
    expect(status).toBe(404)

    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: user },
      sessionId: session,
    })
    const client = new Client({ name: 'returning', version: '1' })
    // With a session id the client takes it for begun; what it gets makes it begin again.
    await client.connect(transport)
    await expect(client.ping()).rejects.toMatchObject({ code: 404 })
    const anew = new Client({ name: 'returning', version: '1' })
    await anew.connect(
      new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: user } }),
    )
    expect(textOf(await anew.callTool({ name: 'echo', arguments: { text: 'again' } }))).toBe(
      'again',
    )
    await anew.close()
  })
})
