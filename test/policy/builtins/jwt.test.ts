import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { call, costOf } from './calls.js'

interface Tokens {
  readonly secret: string
  readonly keys: Readonly<
    Record<string, { pem: string; cert?: string; jwk: Record<string, string> }>
  >
  readonly tokens: Readonly<Record<string, string>>
}

const { secret, keys, tokens } = JSON.parse(
  readFileSync(new URL('../../fixtures/tokens/tokens.json', import.meta.url), 'utf8'),
) as Tokens

const token = (name: string): string => JSON.stringify(tokens[name])
const pem = (name: string): string => JSON.stringify(keys[name]?.pem)
const set = (...members: readonly object[]): string =>
  JSON.stringify(JSON.stringify({ keys: members }))
const decodeVerify = (
  name: string,
  constraints: Readonly<Record<string, unknown>>,
): string | undefined => call('io.jwt.decode_verify', token(name), JSON.stringify(constraints))

const unverified = '[false,{},{}]'
const verifiers = ['rs', 'ps', 'es', 'hs']
  .flatMap((family) => ['256', '384', '512'].map((size) => `io.jwt.verify_${family}${size}`))
  .concat('io.jwt.verify_eddsa')

describe('a token without a signature', () => {
  test.each(verifiers)('is verified by no key with %s', (name) => {
    for (const key of [...Object.values(keys).map(({ pem }) => pem), '', secret]) {
      expect(call(name, token('none'), JSON.stringify(key))).not.toBe('true')
    }
  })

  test('is not verified by io.jwt.decode_verify, even where none is asked for', () => {
    const { pem: cert } = keys['rsa'] ?? {}
    expect(decodeVerify('none', { cert })).toBe(unverified)
    expect(decodeVerify('none', { cert, alg: 'none' })).toBe(unverified)
    expect(decodeVerify('none', { secret, alg: 'none' })).toBe(unverified)
    expect(decodeVerify('rsHead algNone', { cert })).toBe(unverified)
  })
})

describe('a public key', () => {
  test('is never the secret of an HMAC', () => {
    const { pem: cert, jwk } = keys['rsa'] ?? {}
    expect(decodeVerify('hsOfPem', { cert })).toBe(unverified)
    expect(decodeVerify('hsOfJwk', { cert: JSON.stringify(jwk) })).toBe(unverified)
    expect(decodeVerify('hsOfEd', { cert: JSON.stringify(keys['ed']?.jwk) })).toBe(unverified)
    expect(decodeVerify('hsOfEd', { cert: keys['ed']?.pem })).toBe(unverified)
  })

  test('of another kind than the algorithm verifies nothing', () => {
    expect(call('io.jwt.verify_rs256', token('ES256'), pem('p256'))).toBe('false')
    expect(call('io.jwt.verify_es256', token('RS256'), pem('rsa'))).toBe('false')
    expect(call('io.jwt.verify_eddsa', token('RS256'), pem('rsa'))).toBe('false')
    expect(call('io.jwt.verify_ps256', token('RS256'), pem('rsa'))).toBe('false')
  })

  test('of fewer than 1024 bits verifies nothing', () => {
    expect(call('io.jwt.verify_rs256', token('rsSmall'), pem('small'))).toBe('false')
  })
})

describe('a key set', () => {
  test('verifies with the key that the token names, whatever the others are', () => {
    const named = { ...keys['rsa']?.jwk, kid: 'a' }
    const other = { ...keys['rsa2']?.jwk, kid: 'b' }
    expect(call('io.jwt.verify_rs256', token('rsHead kidA'), set(other, named))).toBe('true')
    expect(call('io.jwt.verify_rs256', token('rsHead kidB'), set(other, named))).toBe('false')
  })

  test('is none when one of its keys is none', () => {
    const off = { ...keys['p256']?.jwk, x: keys['p256']?.jwk['y'] }
    expect(
      call('io.jwt.verify_rs256', token('RS256'), set({ ...keys['rsa']?.jwk }, off)),
    ).toBeUndefined()
  })
})

describe('io.jwt.decode_verify', () => {
  const { pem: cert } = keys['rsa'] ?? {}

  test('takes the time of the call where no time is given', () => {
    expect(decodeVerify('rs times', { cert })).toMatch(/^\[true,/)
    expect(decodeVerify('rs expired', { cert })).toBe(unverified)
    expect(decodeVerify('rs early', { cert })).toBe(unverified)
  })

  test('takes a token for somebody only from who says to be that one', () => {
    expect(decodeVerify('rs aud', { cert })).toBe(unverified)
    expect(decodeVerify('rs aud', { cert, aud: 'me' })).toMatch(/^\[true,/)
    expect(decodeVerify('rs bare', { cert, aud: 'me' })).toBe(unverified)
  })

  test('is undefined for an issuer that is no text, with which OPA ends', () => {
    const payload = Buffer.from('{"iss":1}').toString('base64url')
    expect(call('io.jwt.decode', JSON.stringify(`e30.${payload}.`))).toBe('[{},{"iss":1},""]')
    expect(call('io.jwt.decode', '"eyJjdHkiOjF9.e30."')).toBeUndefined()
    expect(call('io.jwt.decode_verify', token('RS256'), '{1:2}')).toBeUndefined()
  })
})

describe('what a hostile argument costs', () => {
  const large = 'A'.repeat(750_000)

  test.each([
    ['a token of a megabyte', [`e30.${large}.`, keys['rsa']?.pem ?? '']],
    ['a modulus of a megabyte', ['a.b.c', JSON.stringify({ kty: 'RSA', n: large, e: 'AQAB' })]],
    ['a thousand keys', ['a.b.c', JSON.stringify({ keys: Array(1000).fill(keys['p521']?.jwk) })]],
  ])('is more than any budget: %s', (_, args) => {
    expect(costOf('io.jwt.verify_rs256', args)).toBeGreaterThan(100_000_000)
  })

  test('is little for an ordinary token', () => {
    const ordinary = [tokens['rs2'] ?? '', keys['rsa2']?.pem ?? '']
    expect(costOf('io.jwt.verify_rs256', ordinary)).toBeLessThan(1_000_000)
  })

  test.each([
    ['dots', '.'.repeat(100_000)],
    ['nested arrays', `e30.${Buffer.from('['.repeat(50_000)).toString('base64url')}.`],
    [
      'half of a nested array',
      `e30.${Buffer.from(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`).toString('base64url')}.`,
    ],
    ['bytes that are no text', `e30.${Buffer.alloc(50_000, 0xff).toString('base64url')}.`],
  ])('leaves the call undefined: %s', (_, text) => {
    expect(call('io.jwt.decode', JSON.stringify(text))).toBeUndefined()
  })
})
