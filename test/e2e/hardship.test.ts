import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  called,
  initializing,
  legacyClient,
  modernClient,
  rough,
  small,
  startHttpServer,
  startRough,
  type BareClient,
  type HttpServer,
  type RoughScene,
} from '../support/rough.js'

let scene: RoughScene
let web: HttpServer

beforeAll(async () => {
  web = await startHttpServer()
  scene = await startRough({
    web: { url: web.url },
    own: rough('legacy'),
    shared: rough('modern'),
    small,
  })
})

afterAll(async () => {
  web.kill()
  expect(await scene.close()).toBe(0)
})

const pidOf = async (client: BareClient): Promise<number> => Number((await client.call('pid')).text)

/** Has one call hang, one of them in a stream that has begun, and kills what was to answer. */
async function killBehind(
  client: BareClient,
  hanging: () => Promise<unknown>,
  kill: () => unknown,
) {
  const waiting = client.call('hang', { name: 'one' })
  const streaming = await client.begin(
    'hang',
    { name: 'two', streaming: true },
    { progressToken: 7 },
  )
  await hanging()
  await kill()
  return Promise.all([waiting, called(streaming)])
}

describe('an upstream that is killed while calls are in flight', () => {
  const failed = { status: 502, error: { code: 502, message: 'upstream_unavailable' } }
  const brokenOff = { status: 200, error: { code: 502, message: 'upstream_unavailable' } }

  test('on stdio: these calls fail, the session is gone, and no other is touched', async () => {
    const url = scene.urlOf('own')
    const victim = await legacyClient(url)
    const other = await legacyClient(url)
    const others = other.begin('hang', { name: 'bystander' })
    const pid = await pidOf(victim)
    const [waiting, streaming] = await killBehind(
      victim,
      () => scene.said('own', 'hanging two'),
      () => process.kill(pid, 'SIGKILL'),
    )
    expect(waiting).toMatchObject(failed)
    expect(streaming).toMatchObject(brokenOff)
    expect((await victim.call('echo', { text: 'there?' })).status).toBe(404)
    const stream = await fetch(url, { headers: { ...victim.headers, accept: 'text/event-stream' } })
    expect(stream.status).toBe(404)
    expect((await other.call('echo', { text: 'still there' })).text).toBe('still there')
    await (await legacyClient(url)).call('pid')
    process.kill(await pidOf(other), 'SIGKILL')
    expect((await others).status).toBe(502)
  })

  test('on stdio, in the modern era: these calls fail, and the next starts it anew', async () => {
    const client = modernClient(scene.urlOf('shared'))
    const pid = await pidOf(client)
    const [waiting, streaming] = await killBehind(
      client,
      () => scene.said('shared', 'hanging two'),
      () => process.kill(pid, 'SIGKILL'),
    )
    expect(waiting).toMatchObject(failed)
    expect(streaming).toMatchObject(brokenOff)
    await expect.poll(() => pidOf(client), { interval: 20, timeout: 5_000 }).toBeGreaterThan(0)
    expect(await pidOf(client)).not.toBe(pid)
  })

  test('over HTTP: its calls fail and the servers beside it go on', async () => {
    const client = await legacyClient(scene.urlOf('web'))
    const bystander = await legacyClient(scene.urlOf('own'))
    const waiting = client.call('hang')
    const streaming = await client.begin('hang', { streaming: true }, { progressToken: 7 })
    await web.hanging(2)
    web.kill()
    expect(await waiting).toMatchObject(failed)
    expect(await called(streaming)).toMatchObject(brokenOff)
    expect((await bystander.call('echo', { text: 'well' })).text).toBe('well')
    const all = await legacyClient(scene.gateway.mcpUrl)
    const listed = await all.post('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}')
    const text = await listed.text()
    expect(text).toContain('own__echo')
    expect(text).not.toContain('web__hang')
  })
})

describe('a child that writes without end', () => {
  const enough = 32 * 1024 * 1024

  test.each([
    ['on stderr', 'stderr', 100 * 1024 * 1024],
    ['what is no message', 'garbage', enough],
  ])('%s costs little memory and time, and others do not notice', async (_what, tool, bytes) => {
    const url = scene.urlOf('own')
    const client = await legacyClient(url)
    const other = await legacyClient(url)
    await other.call('echo', { text: 'warm' })
    const before = await scene.memory()
    const pid = await pidOf(client)
    const pouring = client.begin(tool, { bytes })
    await scene.gateway.seen(
      'operatorLog',
      ({ msg, line }) => msg === 'child_said' && / lines left out$/.test(String(line)),
    )
    const began = performance.now()
    for (let round = 0; round < 20; round += 1) await other.call('echo', { text: 'quick' })
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await scene.memory()) - before).toBeLessThan(100)
    process.kill(pid, 'SIGKILL')
    expect((await pouring).status).toBe(502)
  })

  test('one message of 20 MB: that call fails, and nothing else', async () => {
    const url = scene.urlOf('own')
    const client = await legacyClient(url)
    const other = await legacyClient(url)
    const big = await client.call('big', { bytes: 20 * 1024 * 1024 })
    expect(big).toMatchObject({ status: 502, error: { message: 'upstream_invalid' } })
    expect((await client.call('echo', { text: 'x' })).text).toBe('x')
    expect((await other.call('echo', { text: 'here' })).text).toBe('here')
  })

  test('notifications that nobody listens to', async () => {
    const url = scene.urlOf('own')
    const client = await legacyClient(url)
    const other = await legacyClient(url)
    const pid = await pidOf(client)
    await client.call('notify')
    const before = await scene.memory()
    const lines = scene.gateway.operatorLog.length
    const began = performance.now()
    for (let round = 0; round < 50; round += 1) await other.call('echo', { text: 'quick' })
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await scene.memory()) - before).toBeLessThan(100)
    expect(scene.gateway.operatorLog.length - lines).toBeLessThan(200)
    process.kill(pid, 'SIGKILL')
  })
})

describe('a client that never reads', () => {
  const flood = { bytes: 200 * 1024 * 1024 }

  test.each([
    ['the stream of its call, on stdio', 'legacy'],
    ['the stream of its call, of a server that all share', 'modern'],
  ])('%s: memory is bounded and other calls are quick', async (_what, era) => {
    const url = scene.urlOf(era === 'legacy' ? 'own' : 'shared')
    const client = era === 'legacy' ? await legacyClient(url) : modernClient(url)
    const other = era === 'legacy' ? await legacyClient(url) : modernClient(url)
    const before = await scene.memory()
    const neglected = await client.neglect({ name: 'flood', args: flood })
    const began = performance.now()
    for (let round = 0; round < 20; round += 1) await other.call('echo', { text: 'quick' })
    expect(performance.now() - began).toBeLessThan(5_000)
    expect((await scene.memory()) - before).toBeLessThan(100)
    neglected.destroy()
  })

  test('its own stream (GET) loses that stream, and nothing else', async () => {
    const client = await legacyClient(scene.urlOf('own'))
    const before = await scene.memory()
    const neglected = await client.neglect()
    await client.call('floodLog', { bytes: 200 * 1024 * 1024 })
    await scene.said('own', 'log flooded')
    expect((await scene.memory()) - before).toBeLessThan(100)
    expect((await client.call('echo', { text: 'well' })).text).toBe('well')
    const again = await client.neglect()
    expect(again.statusCode).toBe(200)
    again.destroy()
    neglected.destroy()
  })
})

describe('a child that says what it should not', () => {
  test('two answers: the first counts', async () => {
    const client = await legacyClient(scene.urlOf('own'))
    expect((await client.call('twice')).text).toBe('once')
    expect((await client.call('echo', { text: 'next' })).text).toBe('next')
  })

  test('answers to what nobody asked: they go nowhere', async () => {
    const client = modernClient(scene.urlOf('shared'))
    const other = client.call('hang', { name: 'unanswered' })
    await scene.said('shared', 'hanging unanswered')
    expect((await client.call('unknown')).text).toBe('answered')
    process.kill(await pidOf(client), 'SIGKILL')
    expect((await other).status).toBe(502)
  })
})

test('200 sessions at once begin, work, and end with nothing left', async () => {
  const url = scene.urlOf('small')
  const count = (event: string): number =>
    scene.gateway.operatorLog.filter(({ msg, server }) => msg === event && server === 'small')
      .length
  const before = count('child_started')
  const clients = await Promise.all(Array.from({ length: 200 }, () => legacyClient(url)))
  const texts = await Promise.all(
    clients.map(async (client, place) => (await client.call('echo', { text: `t${place}` })).text),
  )
  expect(texts).toEqual(clients.map((_client, place) => `t${place}`))
  expect(count('child_started') - before).toBe(200)
  const ends = await Promise.all(
    clients.map(({ headers }) => fetch(url, { method: 'DELETE', headers })),
  )
  expect(ends.filter(({ status }) => status !== 200)).toEqual([])
  await scene.gateway.seen('operatorLog', () => count('child_ended') >= 200)
  expect((await clients[0]?.call('echo'))?.status).toBe(404)
})

test('an initialize that is repeated in a session begins no other child', async () => {
  const client = await legacyClient(scene.urlOf('own'))
  const pid = await pidOf(client)
  expect((await client.post(initializing)).status).toBe(400)
  expect(await pidOf(client)).toBe(pid)
})
