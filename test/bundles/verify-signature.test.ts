import { createHash, createHmac, createPrivateKey, constants, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openBundle } from '../../src/bundles/open-bundle.js'
import { generateKeys } from '../../src/bundles/sign.js'
import { tarGz } from './archives.js'
import {
  archiveWith,
  entriesOf,
  files,
  fixture,
  forged,
  type Forgery,
  keyOf,
  listed,
  now,
  refusalOf,
  termsOf,
  tokenOf,
} from './forge.js'

const key = keyOf('ec-256', 'ES256')
const terms = termsOf(key)
const honestList = Object.entries(files).map(([name, content]) => listed(name, content))
const refused = (forgery: Forgery) => refusalOf(forged(forgery), terms)

test('an honest signature is accepted', async () => {
  expect((await openBundle(forged(), terms)).signer).toEqual({
    keyId: 'ec-256',
    algorithm: 'ES256',
    scope: '',
    issuedAt: now / 1000 - 60,
  })
})

test.each(['', './', '/'])('names of the list may begin with %j', async (start) => {
  const list = Object.entries(files).map(([name, content]) => listed(start + name, content))
  expect((await openBundle(forged({ claims: { files: list } }), terms)).signer).toBeDefined()
})

test('white space, the order of keys and escapes of structured files do not count', async () => {
  const entries = entriesOf({ ...files, 'data.json': ' {"hr" : {"c\\u0061p":1}}\n' })
  expect((await openBundle(forged({ entries }), terms)).signer).toBeDefined()
})

describe('a bundle whose files were tampered with is refused', () => {
  const without = (lost: string) =>
    Object.fromEntries(Object.entries(files).filter(([name]) => name !== lost))
  const withoutNote = without('note.txt')
  const withoutData = without('data.json')

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'changed',
      { ...files, 'note.txt': 'hello ' },
      'does not fit "note.txt": the file was changed',
    ],
    ['data changed', { ...files, 'data.json': '{"hr":{"cap":2}}' }, 'does not fit "data.json"'],
    ['data respelled', { ...files, 'data.json': '{"hr":{"cap":1.0}}' }, 'does not fit "data.json"'],
    [
      'manifest changed',
      { ...files, '.manifest': '{"revision":"r2","roots":["hr"]}' },
      'does not fit ".manifest"',
    ],
    ['added', { ...files, 'x.rego': '' }, 'does not list "x.rego": the file was added'],
    ['added below', { ...files, 'a/data.json': '{}' }, 'does not list "a/data.json": the file was'],
    ['removed', withoutNote, 'lists "note.txt", which is not in the bundle: it was removed'],
    [
      'renamed',
      { ...withoutNote, 'n.txt': 'hello' },
      'lists "note.txt", which is called "n.txt" in',
    ],
    [
      'data renamed',
      { ...withoutData, 'd/data.json': files['data.json'] ?? '' },
      'lists "data.json", which is called "d/data.json" in',
    ],
    ['data replaced by text', { ...withoutData, 'd.txt': 'no JSON' }, 'does not list "d.txt"'],
    ['replaced', { ...withoutNote, 'n.txt': 'other' }, 'does not list "n.txt"'],
    ['no JSON', { ...files, 'data.json': '{' }, 'cannot be verified: "data.json" is not used'],
    ['data with half a pair', { ...files, 'data.json': '{"hr":"\\ud800"}' }, 'surrogate'],
    ['data with a key twice', { ...files, 'data.json': '{"hr":1,"hr":{"cap":1}}' }, 'twice'],
  ])('%s', async (_, tampered, message) => {
    const refusal = await refused({ entries: entriesOf(tampered) })
    expect(refusal).toMatch(/^signature: The bundle's signature /)
    expect(refusal).toContain(message)
  })

  test('many files, without hashing what was added once for each', async () => {
    const lost = Array.from({ length: 9000 }, (_, at) => listed(`${at}/data.json`, String(at)))
    const entries = entriesOf({ ...files, 'new.json': JSON.stringify('x'.repeat(1 << 20)) })
    const refusal = await refused({ claims: { files: [...honestList, ...lost] }, entries })
    expect(refusal).toContain('does not list "new.json"')
  })
})

describe('a signature that lists files wrongly is refused', () => {
  const { name, hash } = listed('note.txt', 'hello') as { name: string; hash: string }
  const withNote = (...notes: object[]) => [...honestList.slice(0, 2), ...notes]

  test.each<[string, readonly unknown[], string]>([
    [
      'twice',
      withNote(
        { name, hash, algorithm: 'SHA-256' },
        { name: `./${name}`, hash, algorithm: 'SHA-256' },
      ),
      'lists "note.txt" twice',
    ],
    ['itself', [...honestList, listed('.signatures.json', '')], 'lists .signatures.json itself'],
    [
      'outside',
      [...honestList, listed('../x', '')],
      'lists a file that no bundle can have: "../x"',
    ],
    [
      'by MD5',
      withNote({ name, hash: md5('hello'), algorithm: 'MD5' }),
      'by MD5, which can be forged',
    ],
    [
      'by SHA-1',
      withNote({ name, hash: sha1('hello'), algorithm: 'SHA-1' }),
      'by SHA-1, which can be forged',
    ],
    ['by CRC32', withNote({ name, hash, algorithm: 'CRC32' }), 'not known, "CRC32"'],
    [
      'by a name of objects',
      withNote({ name, hash, algorithm: 'toString' }),
      'not known, "toString"',
    ],
    ['by nothing', withNote({ name, hash }), 'not known, ""'],
    ['without a hash', withNote({ name, algorithm: 'SHA-256' }), 'files.2.hash'],
    ['as texts', ['note.txt'], 'wrong payload: files.0'],
    ['as a million numbers', Array.from({ length: 1_000_000 }, () => 0), 'lists 1000000 files'],
    [
      'as too many',
      Array.from({ length: 10_001 }, (_, at) => ({ name: `${at}`, hash: '' })),
      'lists 10001 files',
    ],
  ])('%s', async (_, list, message) => {
    const refusal = await refused({ claims: { files: list } })
    expect(refusal).toMatch(/^signature: /)
    expect(refusal).toContain(message)
  })

  test.each([
    ['SHA-224', 'sha224'],
    ['SHA-256', 'sha256'],
    ['SHA-384', 'sha384'],
    ['SHA-512', 'sha512'],
    ['SHA-512-224', 'sha512-224'],
    ['SHA-512-256', 'sha512-256'],
  ])('but not for %s', async (algorithm, digest) => {
    const list = Object.entries(files).map(([name, content]) => ({
      name,
      hash: createHash(digest).update(content).digest('hex').toUpperCase(),
      algorithm,
    }))
    expect((await openBundle(forged({ claims: { files: list } }), terms)).signer).toBeDefined()
  })
})

describe('a signature by whoever is not trusted is refused', () => {
  test('by another key of the same kind', async () => {
    const pem = generateKeys('ES256').publicPem
    const refusal = await refusalOf(forged(), termsOf({ ...key, pem }))
    expect(refusal).toContain('is not by the key "ec-256"')
  })

  test('with the algorithm none, however it is spelled', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const refusal = await refused({ header: { alg }, signature: () => Buffer.alloc(0) })
      expect(refusal).toContain('its algorithm is "none", which anybody can write')
    }
  })

  test('with the public key as a shared secret', async () => {
    const signature = (text: Buffer) => createHmac('sha256', key.pem).update(text).digest()
    const refusal = await refused({ header: { alg: 'HS256' }, signature })
    expect(refusal).toContain('"HS256", a shared secret, which is never accepted')
  })

  test('with PS256 where the key is for RS256, and the other way round', async () => {
    const rsa = createPrivateKey(fixture('keys/rsa.pem'))
    const pss = { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    const header = { kid: 'rsa' }
    const ps = forged({
      header: { ...header, alg: 'PS256' },
      signature: (t) => sign('sha256', t, pss),
    })
    const rs = forged({
      header: { ...header, alg: 'RS256' },
      signature: (t) => sign('sha256', t, rsa),
    })
    const termsFor = (algorithm: 'PS256' | 'RS256') => termsOf(keyOf('rsa', algorithm))
    expect((await openBundle(ps, termsFor('PS256'))).signer).toBeDefined()
    expect((await openBundle(rs, termsFor('RS256'))).signer).toBeDefined()
    expect(await refusalOf(ps, termsFor('RS256'))).toContain('is made with "PS256", and the key')
    expect(await refusalOf(rs, termsFor('PS256'))).toContain('is made with "RS256", and the key')
  })

  test('with the bytes of another signature, or none', async () => {
    for (const length of [0, 1, 63, 64, 65, 72, 132]) {
      expect(await refused({ signature: () => Buffer.alloc(length, 1) })).toContain(
        'is not by the key',
      )
    }
    const zeros = await refused({ signature: () => Buffer.alloc(64) })
    expect(zeros).toContain('is not by the key')
  })

  test('with a payload of its own', async () => {
    const [header, , signature] = tokenOf().split('.')
    const [, payload] = tokenOf({ claims: { iss: 'me' } }).split('.')
    const token = [header, payload, signature].join('.')
    const refusal = await refusalOf(archiveWith(JSON.stringify({ signatures: [token] })), terms)
    expect(refusal).toContain('is not by the key')
  })

  test('that names no key, or one that is not configured', async () => {
    expect(await refused({ header: { kid: '' } })).toContain('does not say which key made it')
    expect(await refused({ header: { kid: 'old' } })).toContain('is by the key "old", which')
    expect(await refused({ header: { kid: 'default' } })).toContain('OPA writes "default"')
    expect(await refused({ header: { kid: undefined }, claims: { keyid: 'x' } })).toContain('"x"')
  })

  test('the header’s key counts, and the payload’s only where the header has none', async () => {
    const both = forged({ claims: { keyid: 'other' } })
    expect((await openBundle(both, terms)).signer).toMatchObject({ keyId: 'ec-256' })
    const payload = forged({ header: { kid: undefined }, claims: { keyid: 'ec-256' } })
    expect((await openBundle(payload, terms)).signer).toMatchObject({ keyId: 'ec-256' })
  })
})

test.each<[string, object, string, string]>([
  [
    'a scope where the key has none',
    { scope: 'prod' },
    '',
    'has the scope "prod", and the key "ec-256" is configured for no scope',
  ],
  [
    'no scope where the key has one',
    {},
    'prod',
    'has no scope, and the key "ec-256" is configured for the scope "prod"',
  ],
  ['another scope', { scope: 'dev' }, 'prod', 'has the scope "dev"'],
])('a signature with %s is refused', async (_, claims, scope, message) => {
  expect(await refusalOf(forged({ claims }), termsOf({ ...key, scope }))).toContain(message)
})

describe('times of a signature', () => {
  const sec = now / 1000

  test.each<[string, object, string]>([
    ['expired', { exp: sec }, 'has expired (exp 2026-06-01T00:00:00.000Z)'],
    ['not valid yet', { nbf: sec + 1 }, 'is not valid yet (nbf 2026-06-01T00:00:01.000Z)'],
    ['from the future', { iat: sec + 301 }, 'is from the future (iat 2026-06-01T00:05:01.000Z)'],
    ['far from the future', { iat: 1e300 }, 'is from the future (iat 1e+300)'],
    ['no number', { exp: '2027' }, 'wrong payload: exp'],
  ])('refuse it when it is %s', async (_, claims, message) => {
    expect(await refused({ claims })).toContain(message)
  })

  test('accept it within them, and where clocks differ by minutes', async () => {
    const claims = { exp: sec + 1, nbf: sec, iat: sec + 299 }
    expect((await openBundle(forged({ claims }), terms)).signer).toMatchObject({
      issuedAt: sec + 299,
    })
  })
})

describe('a signature of a wrong form is refused', () => {
  const file = (content: unknown) =>
    archiveWith(typeof content === 'string' ? content : JSON.stringify(content))
  const [header = '', payload = '', signature = ''] = tokenOf().split('.')
  const encoded = (text: string) => Buffer.from(text).toString('base64url')

  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'has a .signatures.json that is not used'],
    ['a list', [], 'cannot be read'],
    ['empty', {}, 'is missing: .signatures.json has none'],
    ['without one', { signatures: [] }, 'is missing: .signatures.json has none'],
    ['a number', { signatures: [1] }, 'it is no text'],
    [
      'a million numbers',
      { signatures: Array.from({ length: 1_000_000 }, () => 0) },
      'is one of 1000000',
    ],
    ['two', { signatures: [tokenOf(), tokenOf()] }, 'is one of 2'],
    ['twice', '{"signatures":["a"],"signatures":["b"]}', 'twice'],
    ['for a plugin', { signatures: [tokenOf()], plugin: 'kms' }, 'is for the plugin "kms"'],
    ['endless', ' '.repeat(8 * 1024 * 1024 + 1), 'over the limit'],
    ['of two parts', { signatures: ['a.b'] }, 'no JWS of three parts'],
    ['of four parts', { signatures: [`${tokenOf()}.x`] }, 'no JWS of three parts'],
    ['padded', { signatures: [`${header}.${payload}.${signature}==`] }, 'that is not base64url'],
    ['with other letters', { signatures: [`${header}.${payload} .${signature}`] }, 'not base64url'],
    [
      'with a header of text',
      { signatures: [`${encoded('hi')}.${payload}.${signature}`] },
      'has a header that is not used',
    ],
    [
      'with alg twice',
      { signatures: [`${encoded('{"alg":"none","alg":"ES256"}')}.${payload}.`] },
      'twice',
    ],
    ['without alg', { signatures: [`${encoded('{}')}.${payload}.${signature}`] }, 'wrong header'],
    [
      'with a payload of text',
      { signatures: [`${header}.${encoded('hi')}.${signature}`] },
      'has a payload that is not used',
    ],
    [
      'with files twice',
      { signatures: [`${header}.${encoded('{"files":[],"files":[]}')}.${signature}`] },
      'twice',
    ],
  ])('%s', async (_, content, message) => {
    const refusal = await refusalOf(file(content), terms)
    expect(refusal).toMatch(/^signature: /)
    expect(refusal).toContain(message)
  })

  test('with an extension that it says is critical', async () => {
    expect(await refused({ header: { crit: ['exp'] } })).toContain('demands an extension (crit)')
    expect(await refused({ header: { b64: false } })).toContain('demands an extension (crit)')
  })
})

describe('a key that does not fit its algorithm verifies nothing', () => {
  test.each<[string, Partial<typeof key>, string]>([
    [
      'another curve',
      { pem: fixture('keys/ec-384.pub.pem').toString() },
      'of the kind secp384r1, and ES256 needs prime256v1',
    ],
    ['RSA', { pem: fixture('keys/rsa.pub.pem').toString() }, 'of the kind rsa'],
    ['no key', { pem: 'hello' }, 'is no public key in PEM'],
  ])('%s', async (_, change, message) => {
    expect(await refusalOf(forged(), termsOf({ ...key, ...change }))).toContain(message)
  })
})

describe('the digest that a bundle is pinned to', () => {
  const archive = forged()
  const digest = createHash('sha256').update(archive).digest('hex')

  test('accepts that bundle alone', async () => {
    expect((await openBundle(archive, { ...terms, sha256: digest })).digest).toBe(digest)
    const other = tarGz([])
    expect(await refusalOf(other, { ...terms, sha256: digest })).toMatch(
      /^digest: .*not the pinned/,
    )
  })

  test('does not stand in for a signature', async () => {
    const unsigned = archiveWith(undefined)
    const sha256 = createHash('sha256').update(unsigned).digest('hex')
    expect(await refusalOf(unsigned, { ...terms, sha256 })).toMatch(/^signature: .*is missing/)
  })
})

test('a bad signature is refused where none is required', async () => {
  const lenient = { ...terms, requireSignature: false }
  const entries = entriesOf({ ...files, 'x.rego': '' })
  expect(await refusalOf(forged({ entries }), lenient)).toContain('does not list "x.rego"')
  expect(await refusalOf(archiveWith('{}'), lenient)).toContain('is missing')
})

test('a delta bundle, which OPA does not verify, is refused', async () => {
  const entries = entriesOf({ 'patch.json': '{"data":[]}' })
  expect(await refused({ entries })).toMatch(/^check: .*delta bundle/)
})

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
