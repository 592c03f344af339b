import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall, type TestGateway } from '../support/gateway.js'
import {
  readyz,
  startBundleHost,
  suppliedBundle,
  type BundleAnswer,
  type BundleHost,
} from '../support/supplied.js'
import { closedAfterEach } from '../support/opened.js'
import { echo, startRawUpstream, type RawUpstream } from '../support/upstream.js'

const keep = closedAfterEach()
let upstream: RawUpstream

beforeAll(async () => {
  upstream = await startRawUpstream(echo)
})
afterAll(() => upstream.close())

async function hostOf(archive: Buffer): Promise<BundleHost> {
  return keep(await startBundleHost(archive))
}

async function gatewayWith(env: Record<string, string>, files = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ UPSTREAM_URL: upstream.url, ...env }, files)
  keep(gateway)
  return gateway
}

const statusOf = async (gateway: TestGateway, tool: string): Promise<number> =>
  (await gateway.post(toolCall(tool))).status

const strict = (): Promise<Buffer> => suppliedBundle({ revision: 'r1', forbidden: ['pay'] })

/** Answers with bytes that no HTTP server should send. */
const raw =
  (bytes: string): BundleAnswer =>
  ({ socket }) => {
    socket.end(bytes)
  }

describe('no answer of a bundle server keeps the next load from its turn', () => {
  test.each([
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(1000),
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n',
    'HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n',
    'HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n',
  ])('%j', async (bytes) => {
    const host = await hostOf(await strict())
    const gateway = await gatewayWith({
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_URL: host.url,
      POLICY_POLL_SEC: '0',
    })
    host.answer(raw(bytes))
    await gateway.reload()
    expect((await readyz(gateway)).policy.last_error).not.toBeNull()
    expect(await statusOf(gateway, 'pay')).toBe(403)
    host.give(await suppliedBundle({ revision: 'r2' }))
    await gateway.reload()
    expect(await readyz(gateway)).toMatchObject({ policy: { revision: 'r2', last_error: null } })
  })
})

describe('at the start', () => {
  test('a gateway that waits for its bundle ends when it is told to', async () => {
    const host = await hostOf(Buffer.alloc(0))
    const asked = new Promise<void>((resolve) => host.answer(() => resolve()))
    const main = new URL('../../dist/main.js', import.meta.url).pathname
    const child = spawn(process.execPath, [main, 'serve'], {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        OPS_PORT: '0',
        UPSTREAM_URL: upstream.url,
        POLICY_BUNDLE_URL: host.url,
      },
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    await asked
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  test('calls are refused where one bundle of several is away, also where absence would be let pass', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-hostile-'))
    keep({ close: () => rm(folder, { recursive: true }) })
    await writeFile(join(folder, 'org.tar.gz'), await strict())
    const set = {
      bundles: {
        org: { path: join(folder, 'org.tar.gz') },
        team: { path: join(folder, 'team.tar.gz'), layer: 'team' },
      },
    }
    const gateway = await gatewayWith(
      {
        EXPERIMENTAL_POLICY_ENGINE: 'true',
        POLICY_FAIL_MODE: 'open',
        POLICY_BUNDLES_FILE: '/bundles.json',
      },
      { '/bundles.json': JSON.stringify(set) },
    )
    expect([await statusOf(gateway, 'pay'), await statusOf(gateway, 'read')]).toEqual([503, 503])
    expect(await readyz(gateway)).toMatchObject({ ready: false, policy: { state: 'refused' } })
    await writeFile(join(folder, 'team.tar.gz'), await suppliedBundle({ revision: 't1' }))
    await gateway.reload()
    expect([await statusOf(gateway, 'pay'), await statusOf(gateway, 'read')]).toEqual([403, 200])
  })
})
