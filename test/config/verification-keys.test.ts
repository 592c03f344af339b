import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
} from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readKeys } from '../../src/config/verification-keys.js'
import { authority, privateKey, publicKey } from './keys.js'
import { readerOf } from './read-settings.js'

function read(written: readonly string[], files: Readonly<Record<string, string>>) {
  return readKeys(written, 'KEYS', readerOf(files))
}

function jwk(pem: string): JsonWebKey {
  return createPublicKey(pem).export({ format: 'jwk' })
}

function setOf(...keys: readonly unknown[]): string {
  return JSON.stringify({ keys })
}

const types = [
  ['ec-256', 'ES256'],
  ['ec-384', 'ES384'],
  ['ec-521', 'ES512'],
  ['ed25519', 'EdDSA'],
  ['rsa', 'RS256'],
] as const

describe('a PEM file', () => {
  test.each(types)('with a key of type %s is used with %s', (name, algorithm) => {
    const { keys, faults } = read(['ops=k.pem'], { 'k.pem': publicKey(name) })
    expect(faults).toEqual([])
    expect(keys).toEqual([{ id: 'ops', algorithm, scope: '', pem: publicKey(name) }])
  })

  test('may be followed by an algorithm and a scope', () => {
    const { keys } = read(['ops=k.pem; alg=PS512;scope=prod eu '], { 'k.pem': publicKey('rsa') })
    expect(keys).toMatchObject([{ algorithm: 'PS512', scope: 'prod eu' }])
  })

  test('with a certificate stands for the key in it', () => {
    const { keys } = read(['ca=ca.pem'], { 'ca.pem': authority })
    expect(keys).toMatchObject([{ id: 'ca', algorithm: 'ES256' }])
    expect(keys[0]?.pem).toMatch(/^-----BEGIN PUBLIC KEY-----/)
  })

  test('of the older form of RSA keys is read as any other', () => {
    const pem = createPublicKey(publicKey('rsa')).export({ type: 'pkcs1', format: 'pem' })
    expect(read(['a=k.pem'], { 'k.pem': pem.toString() }).keys).toMatchObject([
      { pem: publicKey('rsa') },
    ])
  })

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  const edwards = generateKeyPairSync('ed448').publicKey
  const spki = { type: 'spki', format: 'pem' } as const

  test.each([
    ['a=k.pem', privateKey('ec-256'), /^KEYS names k.pem, which has a PRIVATE key: .*openssl pkey/],
    ['a=k.pem', `${publicKey('rsa')}${privateKey('rsa')}`, /has a PRIVATE key/],
    ['a=k.pem', 'ssh-ed25519 AAAA', /is not a public key: give a PEM file/],
    ['a=k.pem', '', /is not a public key/],
    ['a=k.pem', publicKey('rsa') + publicKey('rsa'), /has several PEM blocks/],
    ['a=k.pem', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /is damaged/],
    ['a=k.pem', weak.export(spki), /RSA key of 1024 bits: give one of 2048/],
    ['a=k.pem', koblitz.export(spki), /on the curve secp256k1: give one on P-256/],
    ['a=k.pem', edwards.export(spki), /of type ed448: give/],
    ['a=k.pem;alg=RS256', publicKey('ec-256'), /cannot be used with alg "RS256": give ES256/],
    ['a=k.pem;alg=ES384', publicKey('ec-256'), /cannot be used with alg "ES384"/],
    ['a=k.pem;alg=none', publicKey('rsa'), /cannot be used with alg "none": give RS256 or/],
    ['a=k.pem;alg=HS256', publicKey('rsa'), /is a shared secret/],
    ['a=k.pem;algorithm=RS256', publicKey('rsa'), /only ;alg=… and ;scope=… may stand/],
    ['a=k.pem;alg=RS256;alg=RS512', publicKey('rsa'), /once each/],
    ['a=k.pem', setOf(), /is JSON: give a JWKS file without "a=" in front/],
    ['=k.pem', publicKey('rsa'), /give id=file.pem, or the path of a JWKS file/],
    ['a=', publicKey('rsa'), /give id=file.pem/],
    ['k.pem', publicKey('rsa'), /is a PEM file: give it an id, as in ops=k.pem/],
    ['a=other.pem', publicKey('rsa'), /names other.pem, which cannot be read \(ENOENT\)/],
  ])('%s is refused where it holds what cannot be used', (written, text, fault) => {
    const { keys, faults } = read([written], { 'k.pem': text.toString() })
    expect(faults).toEqual([expect.stringMatching(fault)])
    expect(keys).toEqual([])
  })
})

describe('a JWK Set', () => {
  test.each(types)(
    'with a key of type %s is used with %s where it names no alg',
    (name, algorithm) => {
      const set = setOf({ ...jwk(publicKey(name)), kid: 'ops' })
      const { keys, faults } = read(['k.json'], { 'k.json': set })
      expect(faults).toEqual([])
      expect(keys).toEqual([{ id: 'ops', algorithm, scope: '', pem: publicKey(name) }])
    },
  )

  test('says algorithm and scope of each key', () => {
    const set = setOf(
      { ...jwk(publicKey('rsa')), kid: 'new', alg: 'PS384', use: 'sig', scope: 'prod' },
      { ...jwk(publicKey('rsa')), kid: 'old', key_ops: ['verify'] },
    )
    expect(read(['k.json'], { 'k.json': set }).keys).toMatchObject([
      { id: 'new', algorithm: 'PS384', scope: 'prod' },
      { id: 'old', algorithm: 'RS256', scope: '' },
    ])
  })

  const ec = { ...jwk(publicKey('ec-256')), kid: 'ops' }
  const secret = createPrivateKey(privateKey('ec-256')).export({ format: 'jwk' })

  test.each([
    [{ ...secret, kid: 'ops' }, /whose key 1 \("ops"\) is a PRIVATE key/],
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'ops', alg: 'HS256' }, /is a shared secret/],
    [{ ...ec, alg: 'HS256' }, /is a shared secret/],
    [{ ...ec, alg: 'none' }, /cannot be used with alg "none": give ES256/],
    [{ ...ec, alg: null }, /cannot be used with alg null/],
    [{ ...ec, use: 'enc' }, /is for "enc"/],
    [{ ...ec, key_ops: ['encrypt'] }, /has key_ops without "verify"/],
    [{ ...ec, kid: undefined }, /whose key 1 has no kid/],
    [{ ...ec, kid: '' }, /has no kid/],
    [{ ...ec, scope: 7 }, /has a scope that is no text/],
    [{ ...ec, x: 'AAAA' }, /is damaged/],
    [{ kty: 'quantum', kid: 'ops' }, /is damaged, or of a type that is not known/],
    [[], /whose key 1 is no mapping/],
  ])('with %j is refused', (key, fault) => {
    const { keys, faults } = read(['k.json'], { 'k.json': setOf(key) })
    expect(faults).toEqual([expect.stringMatching(fault)])
    expect(faults.join()).not.toContain('c2VjcmV0')
    expect(keys).toEqual([])
  })

  test.each([
    ['{"keys": []}', /has no keys: give a JWK Set/],
    ['[]', /has no keys/],
    ['"hunter2"', /has no keys/],
    ['hunter2', /is not JSON/],
    ['{"keys": [], "keys": []}', /is not JSON: .*twice|is not JSON/],
  ])('that is %s is refused', (text, fault) => {
    const { faults } = read(['k.json'], { 'k.json': text })
    expect(faults).toEqual([expect.stringMatching(fault)])
    expect(faults.join()).not.toContain('hunter2')
  })
})

test('sets and files stand side by side, and an id stands for one key', () => {
  const files = {
    'k.json': setOf({ ...jwk(publicKey('rsa')), kid: 'a' }, { ...jwk(publicKey('rsa')), kid: 'b' }),
    'k.pem': publicKey('ed25519'),
  }
  expect(read(['k.json', 'c=k.pem'], files).keys.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(read(['k.json', 'a=k.pem'], files).faults).toEqual([
    'KEYS has two keys with the id "a": give each another',
  ])
})

test('every fault is told at once', () => {
  const files = { 'k.json': setOf({ kty: 'oct' }, 7), 'k.pem': '' }
  expect(read(['k.json', 'c=k.pem', 'd=d.pem'], files).faults).toHaveLength(4)
})
