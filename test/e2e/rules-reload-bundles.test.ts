import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { buildBundle } from '../../src/bundles/build.js'
import { startTestGateway, type TestGateway, toolCall } from '../support/gateway.js'
import { logged } from '../support/governed.js'
import { hasOpa } from '../support/opa.js'
import { altered, type Publisher, publisher, readyz, suppliedBundle } from '../support/supplied.js'
import { echo, type RawUpstream, startRawUpstream } from '../support/upstream.js'

let folder: string
let upstream: RawUpstream
let release: Publisher
const gateways: TestGateway[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-rules-'))
  upstream = await startRawUpstream(echo)
  release = publisher('release')
})

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

const rules = `rules:
  - { id: no-pay, match: { tool: pay }, effect: deny, reason: no_pay }
  - { id: audited, match: { tool: read }, effect: audit }
`
const cases = `cases:
  - { name: nobody pays, call: { tool: pay }, expect: deny }
`
const rego = `package mcp

default pre := true

pre := {"allow": false, "reason": "no_wire", "rule": "rego"} if input.tool.name == "wire"

pre := {"allow": false, "reason": "rego_says_no", "rule": "rego"} if input.tool.name == "pay"
`

async function built(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const set = join(folder, 'set')
  await rm(set, { recursive: true, force: true })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(set, name)), { recursive: true })
    await writeFile(join(set, name), text)
  }
  return (await buildBundle({ set, opa: 'opa' })).archive
}

const bundle = (): string => join(folder, 'bundle.tar.gz')

async function publish(archive: Buffer): Promise<void> {
  await writeFile(`${bundle()}.next`, archive)
  await rename(`${bundle()}.next`, bundle())
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  const trust = { POLICY_VERIFICATION_KEYS: release.key, POLICY_REQUIRE_SIGNATURE: 'true' }
  const source = { POLICY_BUNDLE_PATH: bundle() }
  const gateway = await startTestGateway(
    { UPSTREAM_URL: upstream.url, POLICY_MODE: 'enforce', ...trust, ...source, ...env },
    { ...release.files },
  )
  gateways.push(gateway)
  return gateway
}

async function answerTo(gateway: TestGateway, tool: string): Promise<[number, unknown]> {
  const response = await gateway.post(toolCall(tool))
  const { error } = (await response.json()) as { error?: { data?: { reason?: unknown } } }
  return [response.status, error?.data?.reason]
}

describe('a signed bundle of rules alone', () => {
  test('decides, and one that was tampered with is refused while it stays in force', async () => {
    const signed = await release.sign(await built({ 'rules.yaml': rules, 'cases/a.yaml': cases }))
    await publish(signed)
    const gateway = await start()
    expect(await answerTo(gateway, 'pay')).toEqual([403, 'no_pay'])
    expect(await answerTo(gateway, 'read')).toEqual([200, undefined])
    const { policy } = await readyz(gateway)
    expect(policy.bundles).toMatchObject([{ signer: { key_id: 'release' } }])

    const changed = Buffer.from(rules.replaceAll('pay', 'play'))
    for (const [files, words] of [
      [{ 'rules.yaml': changed }, /does not fit "rules\.yaml"/],
      [{ 'rules/more.yaml': changed }, /does not list "rules\/more\.yaml"/],
      [{ 'schemas/pay.json': Buffer.from('{}') }, /does not list "schemas\/pay\.json"/],
      [{ 'rules.yaml': undefined }, /lists "rules\.yaml", which is not in the bundle/],
      [{ '.signatures.json': undefined }, /is missing/],
    ] as const) {
      await publish(await altered(signed, files))
      await gateway.reload()
      const { last_error: error, revision } = (await readyz(gateway)).policy
      expect(error).toMatchObject({ fault: 'signature' })
      expect(error?.message).toMatch(words)
      expect(revision).toBe(policy.revision)
    }
    expect(await answerTo(gateway, 'pay')).toEqual([403, 'no_pay'])
  })

  test('that is tampered with at the start is refused, and no call passes', async () => {
    const signed = await release.sign(await built({ 'rules.yaml': rules }))
    await publish(await altered(signed, { 'rules.yaml': Buffer.from('rules: []\n') }))
    const gateway = await start()
    expect((await answerTo(gateway, 'read'))[0]).toBe(503)
    expect(await readyz(gateway)).toMatchObject({ ready: false, policy: { state: 'refused' } })
  })

  test('whose rules are bad is refused with the place of the fault, however well it is signed', async () => {
    const archive = await built({ 'rules/pay.yaml': 'rules:\n  - { id: a, effect: forbid }\n' })
    await publish(await release.sign(archive))
    const gateway = await start()
    expect((await answerTo(gateway, 'read'))[0]).toBe(503)
    const { policy } = await readyz(gateway)
    expect(policy.last_error).toMatchObject({ fault: 'check' })
    expect(policy.last_error?.message).toMatch(/rules\/pay\.yaml:2:\d+: /)
    await publish(await release.sign(await built({ 'rules/pay.yaml': rules })))
    await vi.waitFor(async () => expect(await answerTo(gateway, 'pay')).toEqual([403, 'no_pay']), {
      interval: 10,
      timeout: 8000,
    })
  })

  test('stands beside bundles of Rego and of data, each judged by itself', async () => {
    const files = {
      'rules.tar.gz': await built({ 'rules.yaml': rules }),
      'rego.tar.gz': await suppliedBundle({ revision: 'r1', forbidden: ['wire'] }),
      'lists.tar.gz': await built({
        'data.json': '{"lists": {}}',
        '.manifest': '{"revision": "lists-1", "roots": ["lists"]}',
      }),
    }
    for (const [name, archive] of Object.entries(files)) {
      await writeFile(join(folder, name), archive)
    }
    const path = (name: string) => ({ path: join(folder, name) })
    const set = {
      rules: { ...path('rules.tar.gz'), layer: 'team' },
      rego: path('rego.tar.gz'),
      lists: path('lists.tar.gz'),
    }
    const gateway = await startTestGateway(
      { UPSTREAM_URL: upstream.url, POLICY_MODE: 'enforce', POLICY_BUNDLES_FILE: '/set.json' },
      { '/set.json': JSON.stringify({ bundles: set }) },
    )
    gateways.push(gateway)
    expect(await answerTo(gateway, 'pay')).toEqual([403, 'no_pay'])
    expect(await answerTo(gateway, 'wire')).toEqual([403, 'forbidden_by_r1'])
    expect(await answerTo(gateway, 'read')).toEqual([200, undefined])
  })
})

describe.runIf(hasOpa)('a signed bundle with both halves, compiled by OPA', () => {
  const both = { 'policy.rego': rego, 'rules.yaml': rules, 'cases/a.yaml': cases }

  test('judges with both, and says which of them decided', async () => {
    await publish(await release.sign(await built(both)))
    const gateway = await start()
    expect(await answerTo(gateway, 'read')).toEqual([200, undefined])
    expect(await answerTo(gateway, 'wire')).toEqual([403, 'no_wire'])
    expect((await answerTo(gateway, 'pay'))[0]).toBe(403)
    const lines = await logged(gateway, 'decision', 3)
    const denied = lines.filter(({ effect }) => effect === 'deny')
    expect(denied).toMatchObject([{ engine: 'rego' }, { rules: ['rego', 'no-pay'] }])
  })

  test('is refused where either half was tampered with', async () => {
    const signed = await release.sign(await built(both))
    await publish(signed)
    const gateway = await start()
    for (const [files, words] of [
      [{ 'rules.yaml': Buffer.from('rules: []\n') }, /does not fit "rules\.yaml"/],
      [{ 'rules.yaml': undefined }, /lists "rules\.yaml"/],
      [{ 'policy.wasm': undefined }, /policy\.wasm/],
    ] as const) {
      await publish(await altered(signed, files))
      await gateway.reload()
      expect((await readyz(gateway)).policy.last_error?.message).toMatch(words)
    }
    expect((await answerTo(gateway, 'pay'))[0]).toBe(403)
  })
})
