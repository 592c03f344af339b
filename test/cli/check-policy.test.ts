import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packArchive } from '../../src/bundles/archive-pack.js'
import { run, starterBundle } from './run-command.js'

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url))
const signedBundle = `${fixtures}bundles/signed/wasm.tar.gz`
const publicKey = `${fixtures}bundles/signed/keys/ed25519.pub.pem`
const policyOf = (name: string): string => `${fixtures}policies/${name}/bundle.tar.gz`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function check(env: Readonly<Record<string, string>>) {
  return run(['check', '--demo'], { env })
}

function setOf(bundles: Readonly<Record<string, object>>): string {
  const path = join(folder, 'set.json')
  writeFileSync(path, JSON.stringify({ bundles }))
  return path
}

describe('check of policy', () => {
  test('loads every bundle of the file, and says what they decide together', async () => {
    const env = {
      POLICY_BUNDLES_FILE: setOf({
        all: { path: starterBundle },
        few: { path: policyOf('deny-tools'), layer: 'team', scope: { team: 'x' } },
      }),
    }
    const { exitCode, out, err } = await check(env)
    expect(out).toMatch(/starter.tar.gz is fine: revision starter-1, no verified signature/)
    expect(out).toMatch(/deny-tools.bundle.tar.gz is fine: revision deny-tools-1/)
    expect(out).toMatch(/policy decides at mcp\/pre.*; mode audit-only, without a bundle open/)
    expect([exitCode, err]).toEqual([0, ''])
  })

  test('tells the fault of each bundle, by its name', async () => {
    const env = {
      POLICY_BUNDLES_FILE: setOf({
        all: { path: starterBundle },
        one: { path: policyOf('no-pre') },
        two: { path: policyOf('deny-tools'), sha256: 'ab'.repeat(32) },
      }),
    }
    const { exitCode, err } = await check(env)
    expect(err).toMatch(/fault: bundle "two": .*SHA-256/)
    expect(exitCode).toBe(78)
  })

  test('tells once what two bundles cannot share', async () => {
    const lists = join(folder, 'lists.tar.gz')
    writeFileSync(
      lists,
      packArchive([
        ['.manifest', Buffer.from('{"roots": ["lists"]}')],
        ['data.json', Buffer.from('{"lists": {}}')],
      ]),
    )
    const env = { POLICY_BUNDLES_FILE: setOf({ one: { path: lists }, two: { path: lists } }) }
    const { exitCode, err } = await check(env)
    expect(err.match(/both claim the root "lists": give each roots of its own/g)).toHaveLength(1)
    expect(exitCode).toBe(78)
  })

  test('verifies signatures', async () => {
    const env = { POLICY_BUNDLE_PATH: signedBundle, POLICY_REQUIRE_SIGNATURE: 'true' }
    const fine = await check({ ...env, POLICY_VERIFICATION_KEYS: `ed25519=${publicKey}` })
    expect(fine.out).toMatch(/is fine: .*signed by "ed25519" \(EdDSA\)/)
    expect(fine.exitCode).toBe(0)
    const other = await check({ ...env, POLICY_VERIFICATION_KEYS: `other=${publicKey}` })
    expect(other.err).toMatch(/fault: .*signature is by the key "ed25519"/)
    expect(other.exitCode).toBe(78)
  })

  test('loads the candidate as well', async () => {
    const fine = await check({ POLICY_CANDIDATE_PATH: policyOf('deny-tools') })
    expect(fine.out).toMatch(/candidate: bundle .* is fine: revision deny-tools-1/)
    expect(fine.exitCode).toBe(0)
    const refused = await check({ POLICY_CANDIDATE_PATH: policyOf('no-pre') })
    expect(refused.err).toMatch(/fault: candidate: The bundle has no entrypoint mcp\/pre/)
    const absent = await check({ POLICY_CANDIDATE_PATH: '/nope' })
    expect(absent.err).toMatch(/warning: candidate: There is no bundle at \/nope/)
    expect([refused.exitCode, absent.exitCode]).toEqual([78, 0])
  })

  test('fetches over HTTP, and keeps nothing in the folder of the last good bundles', async () => {
    const server = createServer((_, response) => response.writeHead(503).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const cache = mkdtempSync(join(folder, 'cache-'))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/b`
    const env = { POLICY_CACHE_DIR: cache, POLICY_MODE: 'enforce' }
    const away = await check({ ...env, POLICY_BUNDLE_URL: url })
    expect(away.err).toMatch(
      /fault: The bundle server .* answered 503 .*every call would be refused/,
    )
    expect(away.exitCode).toBe(78)
    expect((await check(env)).exitCode).toBe(0)
    expect(readdirSync(cache)).toEqual([])
    server.close()
  })

  test('keys, folders and settings that cannot be used are told at once', async () => {
    const { exitCode, err } = await check({
      POLICY_VERIFICATION_KEYS: `a=${publicKey.replace('.pub', '')}`,
      POLICY_CACHE_DIR: starterBundle,
      POLICY_BUDGET_MS: '0',
    })
    expect(err).toMatch(/the configuration has 3 faults/)
    expect(err).toMatch(/has a PRIVATE key/)
    expect(err).toMatch(/is no folder/)
    expect(exitCode).toBe(78)
  })
})
