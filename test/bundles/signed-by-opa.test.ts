import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openBundle } from '../../src/bundles/open-bundle.js'
import { signatureAlgorithms } from '../../src/bundles/signature-algorithm.js'
import { fixture, keyNames, keyOf, refusalOf, termsOf } from './forge.js'

const build = fileURLToPath(new URL('../fixtures/bundles/signed/build.sh', import.meta.url))
const { status, stdout } = spawnSync('opa', ['version'], { encoding: 'utf8' })
const hasSameOpa = status === 0 && /^Version: 1\.22\.0$/m.test(stdout)

describe.each(signatureAlgorithms)('a bundle that OPA signed with %s', (algorithm) => {
  const archive = fixture(`${algorithm}.tar.gz`)
  const name = keyNames[algorithm]

  test('is accepted with its key', async () => {
    const bundle = await openBundle(archive, termsOf(keyOf(name, algorithm)))
    expect(bundle).toMatchObject({
      revision: 'signed-1',
      metadata: { serial: 7 },
      signer: { keyId: name, algorithm, scope: '', issuedAt: undefined },
    })
    expect(bundle.data.toString()).toContain('12345678901234567890')
  })

  test('is accepted where several keys are configured, and refused without its own', async () => {
    const others = signatureAlgorithms
      .filter((other) => other !== algorithm)
      .map((other) => keyOf(keyNames[other], other, `other-${other}`))
    const terms = termsOf(...others, keyOf(name, algorithm))
    expect((await openBundle(archive, terms)).signer).toMatchObject({ keyId: name })
    expect(await refusalOf(archive, termsOf(...others))).toMatch(
      /^signature: .*is by the key ".*", which POLICY_VERIFICATION_KEYS does not have/,
    )
  })

  test('is refused with the right id and a key for any other algorithm', async () => {
    for (const other of signatureAlgorithms.filter((each) => each !== algorithm)) {
      const refusal = await refusalOf(archive, termsOf(keyOf(keyNames[other], other, name)))
      expect(refusal).toMatch(
        new RegExp(`^signature: .*is made with "${algorithm}", and the key .* for ${other}`),
      )
    }
  })
})

test('a signed bundle with a module is accepted', async () => {
  const bundle = await openBundle(fixture('wasm.tar.gz'), termsOf(keyOf('ed25519', 'EdDSA')))
  expect(bundle.wasm?.length).toBeGreaterThan(10_000)
  expect(bundle.entrypoints).toEqual(['mcp/pre'])
})

test('a folder that OPA signed with claims is accepted, its key named in the payload alone', async () => {
  const key = keyOf('ec-256', 'ES256', 'ec-256', 'staging')
  const { signer } = await openBundle(fixture('claims.tar.gz'), termsOf(key))
  expect(signer).toEqual({
    keyId: 'ec-256',
    algorithm: 'ES256',
    scope: 'staging',
    issuedAt: 1767225600,
  })
})

test('an unsigned bundle is refused where a signature is required, and accepted where none is', async () => {
  const terms = termsOf(keyOf('ec-256', 'ES256'))
  expect(await refusalOf(fixture('unsigned.tar.gz'), terms)).toMatch(/^signature: .*is missing/)
  const lenient = { ...terms, requireSignature: false }
  expect((await openBundle(fixture('unsigned.tar.gz'), lenient)).signer).toBeUndefined()
})

test('a signed bundle is accepted unverified where no key is configured, and refused where a signature is required', async () => {
  const lenient = { ...termsOf(), requireSignature: false }
  expect((await openBundle(fixture('ES256.tar.gz'), lenient)).signer).toBeUndefined()
  expect(await refusalOf(fixture('ES256.tar.gz'), termsOf())).toMatch(
    /^signature: .*no key to verify it with: set POLICY_VERIFICATION_KEYS/,
  )
})

test.runIf(hasSameOpa)('OPA still makes the fixtures, as far as chance has no part in them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-signed-'))
  try {
    expect(spawnSync('sh', [build, folder]).status).toBe(0)
    for (const name of ['EdDSA', 'RS256', 'RS384', 'RS512', 'wasm', 'unsigned']) {
      const built = readFileSync(join(folder, `${name}.tar.gz`))
      expect(built.equals(fixture(`${name}.tar.gz`)), name).toBe(true)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
