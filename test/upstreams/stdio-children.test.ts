import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProbedUpstream } from '../../src/domain/ports.js'
import { childEnvironment } from '../../src/upstreams/stdio-environment.js'
import { begin, clientOf, isAlive, scriptedServer, scriptedUpstream } from './stdio-scene.js'

const open: ProbedUpstream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

type Changes = Parameters<typeof scriptedUpstream>[1]

function start(changes?: Changes) {
  const scene = scriptedUpstream(['legacy'], changes)
  open.push(scene.upstream)
  return scene
}

describe('the environment of a child', () => {
  test('is the basic variables and what the configuration gives, and no secret of the gateway', async () => {
    process.env['UPSTREAM_TOKEN'] = 'secret'
    const { upstream } = start({ env: { API_KEY: 'given', HOME: '/elsewhere' } })
    const client = await begin(upstream)
    const env = JSON.parse(await client.call('env')) as Record<string, string>
    delete process.env['UPSTREAM_TOKEN']
    expect(env).toMatchObject({ API_KEY: 'given', HOME: '/elsewhere', PATH: process.env['PATH'] })
    const basic = ['API_KEY', 'HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']
    expect(Object.keys(env).filter((name) => !basic.includes(name))).toEqual([])
  })

  test('has no functions of a shell', () => {
    expect(childEnvironment({}, { TERM: '() { :; }', USER: 'u' })).toEqual({ USER: 'u' })
  })

  test('begins in the configured directory', async () => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'stdio-')))
    const program = "console.error('in ' + process.cwd())"
    const { server, seen } = scriptedServer({ cwd, args: ['-e', program] })
    expect(await seen.said('in ')).toBe(`in ${cwd}`)
    await server.ended
  })
})

describe('a command that cannot be started', () => {
  test('makes the upstream unavailable, and is named without its arguments', async () => {
    const { upstream, seen } = start({ command: '/nowhere/no-such-server', args: ['--key=secret'] })
    const error: unknown = await begin(upstream).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'upstream_unavailable', reached: 'nobody' })
    expect(String(error)).toContain('"no-such-server" cannot be started (ENOENT)')
    expect(String(error)).not.toContain('secret')
    expect(String(error)).not.toContain('/nowhere')
    expect(seen.pids).toEqual([])
  })

  test('or that no system would take is no crash', async () => {
    const { upstream } = start({ command: 'a\0b' })
    await expect(begin(upstream)).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })
})

describe('the end of a child', () => {
  test('comes when its stdin closes', async () => {
    const { upstream, seen } = start()
    await begin(upstream)
    await upstream.close()
    expect(seen.ends).toEqual([{ pid: seen.pids[0], outcome: 0, expected: true }])
  })

  test('comes by signal where it does not care about its stdin', async () => {
    const { upstream, seen } = start({ limits: { graceMs: 50 } })
    const client = await begin(upstream)
    const pid = Number(await client.call('stubborn'))
    await upstream.close()
    expect(seen.ends).toEqual([{ pid, outcome: 'SIGKILL', expected: true }])
    expect(isAlive(pid)).toBe(false)
  })

  test('is the end of what it started, however that clings to life', async () => {
    const { upstream } = start({ limits: { graceMs: 50 } })
    const client = await begin(upstream)
    const grandchild = Number(await client.call('grandchild'))
    expect(isAlive(grandchild)).toBe(true)
    await upstream.close()
    expect(isAlive(grandchild)).toBe(false)
  })

  test('is so too where it crashed', async () => {
    const { upstream, seen } = start({ limits: { graceMs: 50 } })
    const client = await begin(upstream)
    const grandchild = Number(await client.call('grandchild'))
    await expect(client.call('crash')).rejects.toThrow()
    await seen.ended(1)
    await upstream.close()
    expect(isAlive(grandchild)).toBe(false)
  })

  test('comes when it closes its stdout, for then it cannot answer', async () => {
    const program =
      "require('node:fs').closeSync(1); process.stdin.resume(); setInterval(() => {}, 1e6)"
    const { upstream, seen } = start({ args: ['-e', program], limits: { graceMs: 50 } })
    await expect(begin(upstream)).rejects.toMatchObject({ code: 'upstream_unavailable' })
    expect(seen.ends).toMatchObject([{ outcome: 'SIGTERM', expected: false }])
  })

  test('comes when it closes its stdin, for then it hears nothing', async () => {
    const program =
      "require('node:fs').closeSync(0); console.error('deaf'); setInterval(() => {}, 1e6)"
    const { server, seen } = scriptedServer({ args: ['-e', program], limits: { graceMs: 50 } })
    await seen.said('deaf')
    await expect(clientOf(server, 'legacy').call('pid')).rejects.toMatchObject({
      code: 'upstream_unavailable',
    })
    expect(await server.ended).toEqual({ type: 'signalled', signal: 'SIGTERM' })
  })
})

describe('what a child says besides the protocol', () => {
  test('is told, from stderr and from stdout', async () => {
    const { upstream, seen } = start()
    const client = await begin(upstream)
    await client.call('chatter', { lines: 2 })
    await Promise.all([seen.said('line 1'), seen.said('This is no message')])
    expect(seen.lines).toHaveLength(3)
  })

  test('is told within bounds, and what is left out is counted', async () => {
    const { upstream, seen } = start()
    const client = await begin(upstream)
    await client.call('chatter', { lines: 5_000 })
    await upstream.close()
    const leftOut = seen.lines.flatMap((line) => /^(\d+) lines left out$/.exec(line)?.[1] ?? [])
    const told = seen.lines.filter((line) => line.startsWith('line '))
    expect(told.length).toBeLessThan(1_000)
    expect(told.length + leftOut.reduce((sum, count) => sum + Number(count), 0)).toBe(5_000)
  })

  test('keeps nobody from being answered, however much it is', async () => {
    const program = `
      const flood = () => process.stderr.write('x'.repeat(65_536), flood); flood()
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id } = JSON.parse(line)
        console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25' } }))
      })`
    const flooding = start({ args: ['-e', program], limits: { graceMs: 50 } })
    const quiet = start()
    await begin(flooding.upstream)
    const client = await begin(quiet.upstream)
    for (let i = 0; i < 20; i += 1) {
      expect(await client.call('echo', { text: 'here' })).toBe('here')
    }
    for (const line of flooding.seen.lines) expect(line.length).toBeLessThanOrEqual(2_048)
  })
})

test('a child that reads nothing does not make the gateway keep everything for it', async () => {
  const program = 'setInterval(() => {}, 1e6)'
  const { upstream } = start({ args: ['-e', program], era: 'modern', limits: { graceMs: 50 } })
  const client = clientOf(upstream, 'modern')
  const text = 'x'.repeat(1_000_000)
  const asked = Array.from({ length: 20 }, () =>
    client
      .ask('1', 'tools/call', { name: 'echo', arguments: { text } })
      .catch((thrown: unknown) => thrown),
  )
  expect(await Promise.race(asked)).toMatchObject({
    code: 'upstream_unavailable',
    reached: 'nobody',
  })
  await upstream.close()
  await Promise.all(asked)
})
