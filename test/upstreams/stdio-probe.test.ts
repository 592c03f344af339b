import { afterEach, describe, expect, test } from 'vitest'
import type { Era } from '../../src/domain/era.js'
import type { ProbedUpstream } from '../../src/domain/ports.js'
import { begin, bodyOf, clientOf, initialize, scriptedUpstream } from './stdio-scene.js'

const open: ProbedUpstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

type Changes = Parameters<typeof scriptedUpstream>[1]

function start(eras: readonly Era[], changes?: Changes) {
  const scene = scriptedUpstream(eras, changes)
  open.push(scene.upstream)
  return scene
}

describe('what a server speaks', () => {
  test.each([
    { speaks: ['legacy'], legacy: ['2025-11-25'], modern: [] },
    { speaks: ['modern'], legacy: [], modern: ['2026-07-28'] },
    { speaks: ['legacy', 'modern'], legacy: ['2025-11-25'], modern: ['2026-07-28'] },
  ] as const)('is found out by asking it: $speaks', async ({ speaks, legacy, modern }) => {
    const { upstream, seen } = start(speaks)
    const [first, second] = await Promise.all([upstream.eras(), upstream.eras()])
    expect(first).toEqual({ legacy, modern })
    expect(second).toBe(first)
    await seen.ended(2)
    expect(await upstream.eras()).toBe(first)
    expect(seen.pids).toHaveLength(2)
    expect(seen.ends.every(({ expected }) => expected)).toBe(true)
  })

  test('is what the configuration says, where it does', async () => {
    const { upstream, seen } = start(['modern'], { era: 'legacy' })
    const eras = await upstream.eras()
    expect(eras.legacy[0]).toBe('2025-11-25')
    expect(eras.modern).toEqual([])
    expect(seen.pids).toEqual([])
  })

  test('is legacy where it ends at the first message that it does not know', async () => {
    const program = `
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line)
        if (method !== 'initialize') process.exit(1)
        console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2024-11-05' } }))
      })`
    const { upstream } = start([], { args: ['-e', program] })
    expect(await upstream.eras()).toEqual({ legacy: ['2024-11-05'], modern: [] })
  })

  test('is legacy where it does not answer what it does not know', async () => {
    const program = `
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line)
        if (method !== 'initialize') return
        console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18' } }))
      })`
    const { upstream } = start([], { args: ['-e', program], limits: { probeMs: 100 } })
    expect(await upstream.eras()).toEqual({ legacy: ['2025-06-18'], modern: [] })
  })

  test('is asked again where it could not be found out', async () => {
    const { upstream, seen } = start([], { args: ['-e', 'process.exit(1)'] })
    await expect(upstream.eras()).rejects.toMatchObject({ code: 'upstream_unavailable' })
    await expect(upstream.eras()).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(seen.pids).toHaveLength(2)
    while (seen.pids.length === 2) {
      await upstream.eras().catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })

  test('is unknown where it cannot be started', async () => {
    const { upstream } = start([], { command: 'no-such-server' })
    await expect(upstream.eras()).rejects.toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('no-such-server'),
    })
  })
})

describe('a call of an era that the server does not speak', () => {
  test('never reaches a legacy server, and makes the client fall back', async () => {
    const { upstream, seen } = start(['legacy'])
    const reply = await clientOf(upstream, 'modern').ask('1', 'tools/call', { name: 'pid' })
    expect(reply.status).toBe(400)
    const text = await bodyOf(reply)
    expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -32000 } })
    expect(text).toContain(
      'Unsupported protocol version: 2026-07-28 (supported versions: 2025-11-25)',
    )
    // Only those that were asked which eras they speak.
    expect(seen.pids).toHaveLength(2)
  })

  test('is refused by a modern server itself, with the status that belongs to it', async () => {
    const { upstream, seen } = start(['modern'])
    const reply = await clientOf(upstream, 'legacy').ask('"i"', 'initialize', initialize)
    expect(reply.status).toBe(400)
    expect(JSON.parse(await bodyOf(reply))).toMatchObject({ id: 'i', error: { code: -32022 } })
    await seen.ended(1)
  })

  test('starts nothing where it is known to be modern', async () => {
    const { upstream, seen } = start(['modern'], { era: 'modern' })
    const reply = await clientOf(upstream, 'legacy').ask('"i"', 'initialize', initialize)
    expect(reply.status).toBe(400)
    expect(JSON.parse(await bodyOf(reply))).toMatchObject({
      id: 'i',
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2025-11-25' } },
    })
    expect(seen.pids).toEqual([])
  })

  test('a server of both eras serves both at once, in children apart', async () => {
    const { upstream } = start(['legacy', 'modern'])
    const modern = clientOf(upstream, 'modern')
    const legacy = await begin(upstream)
    expect(await modern.call('pid')).not.toBe(await legacy.call('pid'))
  })
})
