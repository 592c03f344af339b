import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { unpackArchive } from '../../src/bundles/archive.js'
import { packArchive } from '../../src/bundles/archive-pack.js'
import { openBundle } from '../../src/bundles/open-bundle.js'
import { generateKeys, signBundle } from '../../src/bundles/sign.js'
import { signatureAlgorithms } from '../../src/bundles/signature-algorithm.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import { bundleOf, tarGz } from './archives.js'
import { archiveWith, fixture, keyNames, keyOf, now, termsOf } from './forge.js'
import { hasOpa } from '../support/opa.js'

const keyPem = fixture('keys/ec-256.pem').toString()
const signing = { keyPem, keyId: 'ec-256', now }
const key = keyOf('ec-256', 'ES256')

test('a bundle that was signed is accepted, with what the signature says', async () => {
  const archive = await signBundle(fixture('unsigned.tar.gz'), {
    ...signing,
    scope: 's',
    issuer: 'ci',
  })
  const { signer, revision } = await openBundle(archive, termsOf({ ...key, scope: 's' }))
  expect(revision).toBe('signed-1')
  expect(signer).toEqual({ keyId: 'ec-256', algorithm: 'ES256', scope: 's', issuedAt: now / 1000 })
})

test('a signature that is there is replaced, and the other files stay as they are', async () => {
  const before = await unpackArchive(fixture('RS256.tar.gz'), 1 << 20)
  const archive = await signBundle(fixture('RS256.tar.gz'), signing)
  const { files } = await unpackArchive(archive, 1 << 20)
  expect([...files.keys()].sort()).toEqual([...before.files.keys()].sort())
  for (const [name, content] of files) {
    if (name !== '.signatures.json') expect(content).toEqual(before.files.get(name))
  }
  expect((await openBundle(archive, termsOf(key))).signer).toMatchObject({ algorithm: 'ES256' })
})

test('signing twice in one second with RSA or Ed25519 gives the same bytes', async () => {
  for (const name of ['rsa', 'ed25519']) {
    const options = { ...signing, keyPem: fixture(`keys/${name}.pem`).toString() }
    const first = await signBundle(fixture('unsigned.tar.gz'), { ...options, now: now + 10 })
    const second = await signBundle(fixture('unsigned.tar.gz'), { ...options, now: now + 900 })
    expect(first.equals(second)).toBe(true)
  }
})

test('names of any length and alphabet come out as they went in', async () => {
  const names = [
    'x'.repeat(99),
    'x'.repeat(100),
    `${'a'.repeat(120)}/${'b'.repeat(90)}.txt`,
    `${'a'.repeat(200)}/${'b'.repeat(200)}.txt`,
    `${'ä'.repeat(90)}.txt`,
    'cases/ü.yaml',
    'x'.repeat(1024),
  ]
  // A header of the test's own tar holds 100 bytes, so that long names come by way of one that is signed.
  const entries = names.map((name) => ({
    name: Buffer.byteLength(name) > 100 ? 'short' : name,
    content: name,
    path: name,
  }))
  const long = entries.flatMap(({ path, ...entry }) =>
    entry.name === 'short' ? [{ name: 'l', type: 'L', content: `${path}\0` }, entry] : [entry],
  )
  const archive = await signBundle(tarGz(long), signing)
  const { files } = await unpackArchive(archive, 1 << 20)
  expect([...files.keys()]).toEqual([...names, '.signatures.json'])
  for (const name of names) expect(files.get(name)?.toString()).toBe(name)
})

describe('keys that are generated', () => {
  // The other RSA algorithms have keys of the same kind, which take long to make.
  test.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256'] as const)(
    'for %s sign and verify',
    async (algorithm) => {
      const { privatePem, publicPem } = generateKeys(algorithm)
      const archive = await signBundle(bundleOf(), {
        keyPem: privatePem,
        algorithm,
        keyId: 'k',
        now,
      })
      const terms = termsOf({ id: 'k', algorithm, scope: '', pem: publicPem })
      expect((await openBundle(archive, terms)).signer).toMatchObject({ algorithm })
    },
  )

  test('are for ES256 where nothing else is asked for, and sign with what suits them', async () => {
    const { privatePem } = generateKeys()
    const archive = await signBundle(bundleOf(), { keyPem: privatePem, keyId: 'k', now })
    const { files } = await unpackArchive(archive, 1 << 20)
    const { signatures } = JSON.parse(String(files.get('.signatures.json'))) as {
      signatures: readonly [string]
    }
    const [header = ''] = signatures[0].split('.')
    expect(Buffer.from(header, 'base64url').toString()).toContain('"alg":"ES256"')
  })
})

describe('what cannot be signed is refused', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const rsa1024 = privateKey.export({ type: 'pkcs8', format: 'pem' })

  test.each<[string, object, string]>([
    ['with no key', { keyPem: 'hello' }, 'no private key in PEM'],
    ['with a public key', { keyPem: key.pem }, 'no private key in PEM'],
    [
      'with an algorithm for other keys',
      { algorithm: 'RS256' },
      'of the kind prime256v1, and RS256 needs rsa',
    ],
    ['without an id', { keyId: '' }, 'without an id of its key'],
    ['with a short RSA key', { keyPem: rsa1024 }, 'it has 1024 bits'],
  ])('%s', async (_, change, message) => {
    expect(await refusal(fixture('unsigned.tar.gz'), change)).toContain(message)
  })

  test('because it is no bundle', async () => {
    expect(await refusal(Buffer.from('hello'), {})).toMatch(/^archive: /)
    const yaml = tarGz([{ name: 'data.yaml', content: 'a: 1' }])
    expect(await refusal(yaml, {})).toMatch(/^check: .*data.json only/)
    expect(
      await refusal(archiveWith(undefined, [{ name: 'data.json', content: '[' }]), {}),
    ).toMatch(/^check: /)
  })
})

describe.runIf(hasOpa)('OPA verifies what was signed here', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'portcullis-sign-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const verify = (algorithm: string, publicPem: string, ...flags: string[]) => {
    writeFileSync(join(folder, 'key.pem'), publicPem)
    const verification = ['--verification-key', 'key.pem', '--signing-alg', algorithm]
    const args = ['build', '-b', 'bundle.tar.gz', ...verification, ...flags, '-o', 'out.tar.gz']
    return spawnSync('opa', args, { cwd: folder }).status
  }

  test.each(signatureAlgorithms)('with %s', async (algorithm) => {
    const name = keyNames[algorithm]
    const archive = await signBundle(fixture('wasm.tar.gz'), {
      keyPem: fixture(`keys/${name}.pem`).toString(),
      algorithm,
      keyId: 'default',
      scope: 'prod',
      now,
    })
    writeFileSync(join(folder, 'bundle.tar.gz'), archive)
    const publicPem = fixture(`keys/${name}.pub.pem`).toString()
    expect(verify(algorithm, publicPem, '--scope', 'prod')).toBe(0)
    expect(verify(algorithm, publicPem)).toBe(1)
  })

  test('with files beside policy and data', async () => {
    const { files } = await unpackArchive(fixture('wasm.tar.gz'), 1 << 20)
    const more = [
      ['cases/a.yaml', Buffer.from('cases: []')],
      [`${'a'.repeat(200)}/${'é'.repeat(100)}.txt`, Buffer.from('note')],
    ] as const
    const archive = await signBundle(packArchive([...files, ...more]), signing)
    writeFileSync(join(folder, 'bundle.tar.gz'), archive)
    expect(verify('ES256', key.pem, '--verification-key-id', 'ec-256')).toBe(0)
  })
})

async function refusal(archive: Buffer, change: object): Promise<string> {
  const fault: unknown = await signBundle(archive, { ...signing, ...change }).catch(
    (thrown: unknown) => thrown,
  )
  if (!(fault instanceof PolicySupplyError)) throw new Error('not refused', { cause: fault })
  return `${fault.fault}: ${fault.message}`
}
