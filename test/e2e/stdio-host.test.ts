import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { bundleOf } from '../support/governed.js'
import {
  calls,
  initialize,
  initialized,
  launch,
  resultOf,
  type StdioHost,
} from '../support/stdio-host.js'

const policy = { POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: bundleOf('desktop') }
const open: StdioHost[] = []

afterEach(() => {
  for (const host of open.splice(0)) host.signal('SIGKILL')
})

function start(...[args, env = policy, command]: Parameters<typeof launch>): StdioHost {
  const host = launch(args, env, command)
  open.push(host)
  return host
}

async function begun(...given: Parameters<typeof launch>): Promise<StdioHost> {
  const host = start(...given)
  host.send(initialize)
  await host.answer('"init"')
  host.send(initialized)
  return host
}

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

describe('portcullis stdio', () => {
  test('writes nothing but messages to stdout, and everything else to stderr', async () => {
    const host = await begun(['--user-context', '{"id":"eve","roles":["editor"]}'])
    host.send(calls(1, 'pid'))
    const pid = Number(resultOf(await host.answer('1')))
    host.send(calls(2, 'chatter', { lines: 50 }))
    await host.answer('2')
    await host.heard((line) => line.includes('This is no message'))
    expect(await host.heard((line) => line.includes('"type":"decision"'))).toContain('"id":"eve"')
    host.end()
    expect(await host.ended).toBe(0)
    expect(host.lines.map((line) => (JSON.parse(line) as { id: unknown }).id)).toEqual([
      'init',
      1,
      2,
    ])
    expect(isGone(pid)).toBe(true)
  })

  test('reads its policy anew on SIGHUP', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-host-'))
    const path = join(folder, 'bundle.tar.gz')
    await writeFile(path, await readFile(bundleOf('desktop')))
    const host = await begun([], { ...policy, POLICY_BUNDLE_PATH: path })
    await writeFile(path, await readFile(bundleOf('deny-tools')))
    host.signal('SIGHUP')
    await host.heard((line) => line.includes('"type":"reload"') && !line.includes('"seq":1,'))
    host.send(calls(1, 'echo', { text: 'a' }))
    expect(await host.answer('1')).toContain('no_tools_today')
    await rm(folder, { recursive: true })
  })

  test('ends on SIGTERM with its server, though the host reads nothing and calls are in flight', async () => {
    const host = await begun()
    host.send(calls(1, 'pid'))
    const pid = Number(resultOf(await host.answer('1')))
    host.pause()
    host.send(calls('x', 'never'))
    for (let id = 2; id < 40; id += 1) host.send(calls(id, 'big', { bytes: 200_000 }))
    await host.heard((line) => line.includes('"type":"outcome"') && line.includes('"big"'))
    host.signal('SIGTERM')
    expect(await host.exited).toBe(0)
    expect(isGone(pid)).toBe(true)
  })

  test('ends with 1 when its server fails, and says how', async () => {
    const host = await begun()
    host.send(calls(1, 'crash'))
    expect(await host.ended).toBe(1)
    expect(host.lines.at(-1)).toContain('upstream_unavailable')
    expect(host.said.at(-1)).toMatch(/^portcullis stdio: .* ended with exit code 3$/)
  })

  test('ends with 1 when the program is not there, and names it', async () => {
    const host = start([], {}, ['portcullis-no-such-program'])
    host.send(initialize)
    expect(await host.ended).toBe(1)
    expect(host.said.at(-1)).toMatch(
      /^portcullis stdio: portcullis-no-such-program cannot be started \(ENOENT\)/,
    )
  })

  test('runs its command as it stands, never through a shell', async () => {
    const program = 'process.stderr.write(JSON.stringify(process.argv.slice(1)))'
    const words = ['$HOME', '; x', '*', '', '--help']
    const host = start([], {}, [process.execPath, '-e', program, '--', ...words])
    const said = await host.heard((line) => line.includes('child_said'))
    expect(JSON.parse((JSON.parse(said) as { line: string }).line)).toEqual(words)
    expect(await host.ended).toBe(0)
  })

  test('gives its server the environment of the host, and opens an ops port where one is asked for', async () => {
    const env = { ...policy, API_KEY: 'k', SESSION_KEY: 'ab'.repeat(32), OPS_PORT: '0' }
    const host = await begun([], { ...env, POLICY_MODE: 'audit-only' })
    host.send(calls(1, 'env'))
    const seen = JSON.parse(resultOf(await host.answer('1'))) as Record<string, string>
    expect(seen).toMatchObject({ API_KEY: 'k' })
    expect(seen).not.toHaveProperty('SESSION_KEY')
    const started = await host.heard((line) => line.includes('gateway_started'))
    const { opsUrl } = JSON.parse(started) as { opsUrl: string }
    expect((await fetch(`${opsUrl}/readyz`)).status).toBe(200)
  })
})
