import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall, type TestGateway } from '../support/gateway.js'
import {
  metric,
  readyz,
  startBundleHost,
  suppliedBundle,
  type BundleAnswer,
  type BundleHost,
} from '../support/supplied.js'
import { echo, startRawUpstream, type RawUpstream } from '../support/upstream.js'

const closing: (() => Promise<unknown>)[] = []
let upstream: RawUpstream
let folder = ''

beforeAll(async () => {
  upstream = await startRawUpstream(echo)
})
afterAll(() => upstream.close())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  if (folder !== '') await rm(folder, { recursive: true })
  folder = ''
})

async function hostOf(archive: Buffer): Promise<BundleHost> {
  const host = await startBundleHost(archive)
  closing.push(() => host.close())
  return host
}

async function gatewayAt(
  url: string,
  env: Record<string, string> = {},
  stance: Record<string, string> = { POLICY_MODE: 'enforce' },
): Promise<TestGateway> {
  const gateway = await startTestGateway({
    UPSTREAM_URL: upstream.url,
    ...stance,
    POLICY_BUNDLE_URL: url,
    POLICY_POLL_SEC: '0',
    ...env,
  })
  closing.push(() => gateway.close())
  return gateway
}

async function cacheFolder(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-supply-'))
  return folder
}

const statusOf = async (gateway: TestGateway, tool: string): Promise<number> =>
  (await gateway.post(toolCall(tool))).status

const strict = (): Promise<Buffer> => suppliedBundle({ revision: 'r1', forbidden: ['pay'] })

async function closed(gateway: TestGateway): Promise<void> {
  await gateway.close()
  closing.splice(-1)
}

describe('while the bundle server is in trouble, calls go on under the last good bundle', () => {
  const cutOff: BundleAnswer = (_request, response) => {
    response.writeHead(200, { 'content-length': '100000' })
    response.write(Buffer.from([0x1f, 0x8b]), () => response.destroy())
  }
  const troubles: [string, BundleAnswer, RegExp][] = [
    ['it hangs up', (request) => request.socket.destroy(), /cannot be reached/],
    ['it cuts off', cutOff, /cut off/],
    ['it answers 500', (_, response) => response.writeHead(500).end('no'), /answered 500/],
    ['it answers 404', (_, response) => response.writeHead(404).end('no'), /answered 404/],
    ['it asks to sign in', (_, response) => response.end('<html>Sign in</html>'), /HTML/],
    ['it redirects for ever', (_, r) => r.writeHead(302, { location: '/' }).end(), /redirects/],
  ]

  test('and the trouble shows', async () => {
    const host = await hostOf(await strict())
    const gateway = await gatewayAt(host.url)
    const success = 'portcullis_bundle_last_success_timestamp_seconds'
    const before = await metric(gateway, success)
    for (const [index, [, trouble, message]] of troubles.entries()) {
      host.answer(trouble)
      await gateway.reload()
      expect(await statusOf(gateway, 'pay')).toBe(403)
      expect(await statusOf(gateway, 'read')).toBe(200)
      const { ready, policy } = await readyz(gateway)
      expect(ready).toBe(true)
      expect(policy.last_error?.message).toMatch(message)
      expect(policy.bundles).toMatchObject([{ revision: 'r1', from_cache: false }])
      const failed = 'portcullis_bundle_loads_total{outcome="failed"}'
      expect(await metric(gateway, failed)).toBe(index + 1)
    }
    expect(await metric(gateway, success)).toBe(before)
  })

  test('when it does not answer at all, and the load that waits for it holds nothing up', async () => {
    const host = await hostOf(await strict())
    const gateway = await gatewayAt(host.url)
    const asked = new Promise<() => void>((resolve) => {
      host.answer((_request, response) => resolve(() => void response.writeHead(500).end()))
    })
    const reloading = gateway.reload()
    const answer = await asked
    expect(await statusOf(gateway, 'pay')).toBe(403)
    expect(await statusOf(gateway, 'read')).toBe(200)
    answer()
    await reloading
  })

  test('when it comes and goes', async () => {
    const good = [await strict(), await suppliedBundle({ revision: 'r2', forbidden: ['buy'] })]
    const host = await hostOf(good[0] ?? Buffer.alloc(0))
    const gateway = await gatewayAt(host.url)
    for (let round = 1; round < 9; round += 1) {
      const [, trouble] = troubles[round % troubles.length] ?? []
      if (trouble !== undefined) host.answer(trouble)
      await gateway.reload()
      host.give(good[round % 2] ?? Buffer.alloc(0))
      await gateway.reload()
      expect(await statusOf(gateway, round % 2 === 0 ? 'pay' : 'buy')).toBe(403)
      expect(await statusOf(gateway, round % 2 === 0 ? 'buy' : 'pay')).toBe(200)
    }
    expect((await readyz(gateway)).policy.last_error).toBeNull()
  })

  test('when it is closed while a gateway that shuts down waits for it', async () => {
    const host = await hostOf(await strict())
    const gateway = await gatewayAt(host.url)
    const asked = new Promise<void>((resolve) => host.answer(() => resolve()))
    const reloading = gateway.reload()
    await asked
    await closed(gateway)
    await reloading
  })
})

describe('the cache', () => {
  test('starts a gateway whose bundle server is away, and the server is asked on', async () => {
    const kept = await cacheFolder()
    const host = await hostOf(await strict())
    await closed(await gatewayAt(host.url, { POLICY_CACHE_DIR: kept }))
    host.answer((_, response) => response.writeHead(503).end())

    const gateway = await gatewayAt(host.url, { POLICY_CACHE_DIR: kept, POLICY_POLL_SEC: '1' })
    expect(await statusOf(gateway, 'pay')).toBe(403)
    expect(await readyz(gateway)).toMatchObject({
      ready: true,
      policy: {
        state: 'active',
        last_error: { fault: 'absent' },
        bundles: [{ revision: 'r1', from_cache: true, last_success: null }],
      },
    })
    const reloads = (await gateway.decisions()).filter(({ type }) => type === 'reload')
    expect(reloads.slice(0, 2)).toMatchObject([
      { outcome: 'failed', source: host.url },
      { outcome: 'activated', source: `${host.url} (from the cache)` },
    ])
    host.give(await suppliedBundle({ revision: 'r2' }))
    await expect.poll(() => statusOf(gateway, 'pay'), { timeout: 20_000 }).toBe(200)
    expect((await readyz(gateway)).policy.bundles).toMatchObject([
      { revision: 'r2', from_cache: false, last_error: null },
    ])
  })

  test('fails closed where what it holds is damaged, also where absence would be let pass', async () => {
    const kept = await cacheFolder()
    const host = await hostOf(await strict())
    await closed(await gatewayAt(host.url, { POLICY_CACHE_DIR: kept }))
    const [file = ''] = await readdir(kept)
    await writeFile(join(kept, file), 'damaged')
    host.answer((_, response) => response.writeHead(503).end())
    const gateway = await gatewayAt(
      host.url,
      {
        POLICY_CACHE_DIR: kept,
      },
      { POLICY_ENABLED: 'true' },
    )
    expect(await statusOf(gateway, 'read')).toBe(503)
    expect(await readyz(gateway)).toMatchObject({ ready: false, policy: { state: 'refused' } })
  })

  test('is not there, so that a gateway that may fail open passes calls while the server is away', async () => {
    const host = await hostOf(await strict())
    host.answer((_, response) => response.writeHead(503).end())
    const gateway = await gatewayAt(
      host.url,
      {
        POLICY_CACHE_DIR: await cacheFolder(),
      },
      { POLICY_ENABLED: 'true' },
    )
    expect(await statusOf(gateway, 'read')).toBe(200)
    expect(await readyz(gateway)).toMatchObject({ policy: { state: 'absent' } })
  })
})
