import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, toolCall, type TestGateway } from '../support/gateway.js'
import {
  altered,
  metric,
  publisher,
  readyz,
  startBundleHost,
  suppliedBundle,
  type BundleHost,
} from '../support/supplied.js'
import { echo, startRawUpstream, type RawUpstream } from '../support/upstream.js'

const ours = publisher('ours')
const theirs = publisher('theirs')
const closing: (() => Promise<unknown>)[] = []
let upstream: RawUpstream

beforeAll(async () => {
  upstream = await startRawUpstream(echo)
})
afterAll(() => upstream.close())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function hostOf(archive: Buffer): Promise<BundleHost> {
  const host = await startBundleHost(archive)
  closing.push(() => host.close())
  return host
}

async function gatewayAt(
  host: BundleHost,
  env: Record<string, string> = {},
  stance: Record<string, string> = { POLICY_MODE: 'enforce' },
): Promise<TestGateway> {
  const gateway = await startTestGateway(
    {
      UPSTREAM_URL: upstream.url,
      ...stance,
      POLICY_BUNDLE_URL: host.url,
      POLICY_POLL_SEC: '0',
      POLICY_VERIFICATION_KEYS: ours.key,
      POLICY_REQUIRE_SIGNATURE: 'true',
      ...env,
    },
    { ...ours.files, ...theirs.files },
  )
  closing.push(() => gateway.close())
  return gateway
}

const statusOf = async (gateway: TestGateway, tool: string): Promise<number> =>
  (await gateway.post(toolCall(tool))).status

async function refused(gateway: TestGateway): Promise<{ fault: string; message: string }> {
  const failed = 'portcullis_bundle_loads_total{outcome="failed"}'
  const before = await metric(gateway, failed)
  await gateway.reload()
  expect(await metric(gateway, failed)).toBe(before + 1)
  const { policy } = await readyz(gateway)
  const { fault = '', message = '' } = policy.last_error ?? {}
  return { fault, message }
}

describe('a signed bundle', () => {
  test('is in force, and everyone can see who signed it', async () => {
    const archive = await ours.sign(await suppliedBundle({ revision: 'r1', forbidden: ['pay'] }))
    const gateway = await gatewayAt(await hostOf(archive))
    expect(await statusOf(gateway, 'pay')).toBe(403)
    expect(await statusOf(gateway, 'read')).toBe(200)
    expect(await readyz(gateway)).toMatchObject({
      ready: true,
      policy: {
        state: 'active',
        revision: 'r1',
        last_error: null,
        bundles: [
          {
            name: 'policy',
            revision: 'r1',
            signer: { key_id: 'ours', algorithm: 'ES256' },
            from_cache: false,
            last_error: null,
          },
        ],
      },
    })
  })

  test('stays in force whatever is put in its place', async () => {
    const genuine = await suppliedBundle({ revision: 'r1', forbidden: ['pay'] })
    const next = await suppliedBundle({ revision: 'r2' })
    const signed = await ours.sign(next)
    const host = await hostOf(await ours.sign(genuine))
    const gateway = await gatewayAt(host)
    const forged = await altered(signed, {
      '.signatures.json': Buffer.from('{"signatures":["x"]}'),
    })
    const tamperings: Record<string, [Buffer, RegExp]> = {
      'a file changed': [
        await altered(signed, { 'data.json': Buffer.from('{"supplied":{"forbidden":[]}}') }),
        /signature/,
      ],
      'a file added': [await altered(signed, { 'extra.txt': Buffer.from('x') }), /signature/],
      'a file removed': [await altered(signed, { 'mcp.rego': undefined }), /signature/],
      'no signature': [next, /signature/],
      'no token': [forged, /signature/],
      'another key': [await theirs.sign(next), /signature/],
      'another scope': [await ours.sign(next, { scope: 'write' }), /signature/],
      'an earlier time': [await ours.sign(next, { at: Date.now() - 1e9 }), /signature/],
      'a page': [Buffer.from('<html>Sign in</html>'), /archive/],
      zeros: [gzipSync(Buffer.alloc(300 << 20), { level: 1 }), /archive/],
      nothing: [Buffer.alloc(0), /archive/],
      'half of it': [signed.subarray(0, signed.length / 2), /archive/],
    }
    const messages = new Set<string>()
    for (const [, [archive, fault]] of Object.entries(tamperings)) {
      host.give(archive)
      const error = await refused(gateway)
      expect(error.fault).toMatch(fault)
      messages.add(error.message)
      expect(await statusOf(gateway, 'pay')).toBe(403)
      expect(await readyz(gateway)).toMatchObject({ ready: true, policy: { revision: 'r1' } })
    }
    expect(messages.size).toBe(Object.keys(tamperings).length)
    host.give(signed)
    await gateway.reload()
    expect(await statusOf(gateway, 'pay')).toBe(200)
    expect((await readyz(gateway)).policy.last_error).toBeNull()
  })

  test('is not needed at the start where nothing good was there: nothing is served', async () => {
    const host = await hostOf(await suppliedBundle({ revision: 'r1' }))
    const gateway = await gatewayAt(host, {}, { EXPERIMENTAL_POLICY_ENGINE: 'true' })
    expect(await readyz(gateway)).toMatchObject({ ready: false, policy: { state: 'refused' } })
    expect(await statusOf(gateway, 'read')).toBe(503)
    host.give(await ours.sign(await suppliedBundle({ revision: 'r1' })))
    await gateway.reload()
    expect(await statusOf(gateway, 'read')).toBe(200)
  })

  test('may be signed with either of two keys, so that keys rotate without a gap', async () => {
    const host = await hostOf(await ours.sign(await suppliedBundle({ revision: 'r1' })))
    const gateway = await gatewayAt(host, {
      POLICY_VERIFICATION_KEYS: `${ours.key},${theirs.key}`,
    })
    host.give(await theirs.sign(await suppliedBundle({ revision: 'r2', forbidden: ['pay'] })))
    await gateway.reload()
    expect(await statusOf(gateway, 'pay')).toBe(403)
    const { policy } = await readyz(gateway)
    expect(policy.bundles).toMatchObject([{ revision: 'r2', signer: { key_id: 'theirs' } }])
  })
})

describe('an older bundle', () => {
  const at = Date.now() - 1_000_000
  const older = async () =>
    ours.sign(await suppliedBundle({ revision: 'old', forbidden: ['pay'], serial: 1 }), { at })
  const newer = async () =>
    ours.sign(await suppliedBundle({ revision: 'new', serial: 2 }), { at: at + 5000 })
  let folder = ''

  async function cached(host: BundleHost, env: Record<string, string> = {}): Promise<TestGateway> {
    folder ||= await mkdtemp(join(tmpdir(), 'portcullis-supply-'))
    return gatewayAt(host, { POLICY_CACHE_DIR: folder, ...env })
  }

  afterEach(async () => {
    if (folder !== '') await rm(folder, { recursive: true })
    folder = ''
  })

  test('is refused, over a restart too, until the operator allows it', async () => {
    const host = await hostOf(await newer())
    const first = await cached(host)
    host.give(await older())
    expect(await refused(first)).toMatchObject({
      fault: 'signature',
      message: expect.stringMatching(
        /signed iat is \d+ \(.*\), and it was \d+.*POLICY_ALLOW_ROLLBACK/,
      ) as string,
    })
    await first.close()
    closing.pop()

    const second = await cached(host)
    expect(await statusOf(second, 'pay')).toBe(200)
    expect((await readyz(second)).policy.bundles).toMatchObject([
      { revision: 'new', from_cache: true, last_error: { fault: 'signature' } },
    ])
    expect(await metric(second, 'portcullis_bundles_from_cache')).toBe(1)
    await second.close()
    closing.pop()

    const third = await cached(host, { POLICY_ALLOW_ROLLBACK: 'true' })
    expect(await statusOf(third, 'pay')).toBe(403)
    const reloads = (await third.decisions()).filter(({ type }) => type === 'reload')
    expect(reloads).toMatchObject([
      { outcome: 'activated', revision: 'old', rolled_back: true, bundles: [{ name: 'policy' }] },
    ])
    await third.close()
    closing.pop()

    const fourth = await cached(host)
    expect(await statusOf(fourth, 'pay')).toBe(403)
    host.give(await newer())
    await fourth.reload()
    expect(await statusOf(fourth, 'pay')).toBe(200)
  })
})
