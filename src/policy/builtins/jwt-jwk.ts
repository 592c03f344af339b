import type { RegoObject, RegoValue } from '../rego-value.js'
import { isRegoArray } from '../rego-text.js'
import { isRegoObject, memberOf, parseJson } from './json-value.js'
import { keyBytes } from './jwt-base64.js'
import type { TokenKey } from './jwt-keys.js'
import { coordinateSize, materialOfJwk, type KeyMaterial } from './jwt-material.js'
import { asText } from './operands.js'
import { isTokenAlgorithm } from './jwt-algorithms.js'

/** The keys of a JSON web key set, or the one of a JSON web key; undefined where one of them is not as RFC 7518 says. */
export function readKeySet(text: string): readonly TokenKey[] | undefined {
  const written = parseJson(text)
  if (!isRegoObject(written)) return undefined
  const members = memberOf(written, 'keys') ?? [written]
  if (!isRegoArray(members) || members.length > mostKeys) return undefined
  const keys = members.map(readKey)
  if (!keys.every((key) => key !== undefined)) return undefined
  return keys.filter(({ alg }) => alg === '' || isTokenAlgorithm(alg))
}

const mostKeys = 1000

function readKey(written: RegoValue): TokenKey | undefined {
  if (!isRegoObject(written)) return undefined
  const alg = memberOf(written, 'alg')
  const kid = memberOf(written, 'kid') ?? ''
  if (typeof kid !== 'string' || !isKnownAlgorithm(alg)) return undefined
  const material = materialOf(written)
  return material === undefined ? undefined : { alg: alg ?? '', kid, material }
}

function isKnownAlgorithm(alg: RegoValue | undefined): alg is string | undefined {
  if (alg === undefined) return true
  return typeof alg === 'string' && (isTokenAlgorithm(alg) || otherAlgorithms.has(alg))
}

function materialOf(written: RegoObject): KeyMaterial | undefined {
  switch (asText(memberOf(written, 'kty')) ?? '') {
    case 'RSA':
      return rsaMaterial(written)
    case 'EC':
      return ecMaterial(written)
    case 'OKP':
      return octetMaterial(written)
    case 'oct': {
      const secret = bytesOf(written, 'k')
      return secret === undefined || secret.length === 0
        ? undefined
        : { kind: 'secret', secret, cost: 0 }
    }
    default:
      return undefined
  }
}

function rsaMaterial(written: RegoObject): KeyMaterial | undefined {
  const n = withoutZeros(bytesOf(written, 'n'))
  const e = withoutZeros(bytesOf(written, 'e'))
  const isPrivate = memberOf(written, 'd') !== undefined
  if (isPrivate && ['d', 'p', 'q'].some((name) => bytesOf(written, name) === undefined))
    return undefined
  if (n.length === 0 || !isExponent(e)) return undefined
  const material = materialOfJwk('rsa', { kty: 'RSA', n: base64Url(n), e: base64Url(e) })
  return material === undefined ? undefined : { ...material, isPrivate }
}

/** Odd, and of 63 bits at most. */
function isExponent(bytes: Buffer): boolean {
  const last = bytes.at(-1)
  if (last === undefined || last % 2 === 0 || bytes.length > 8) return false
  return bytes.length < 8 || (bytes[0] ?? 0) < 0x80
}

function ecMaterial(written: RegoObject): KeyMaterial | undefined {
  const crv = memberOf(written, 'crv')
  const size = typeof crv === 'string' ? coordinateSize(crv) : undefined
  const [x, y] = ['x', 'y'].map((name) => bytesOf(written, name))
  const isPrivate = memberOf(written, 'd') !== undefined
  if (typeof crv !== 'string' || size === undefined) return undefined
  if (x?.length !== size || y?.length !== size) return undefined
  if (isPrivate && bytesOf(written, 'd')?.length !== size) return undefined
  const material = materialOfJwk('ec', { kty: 'EC', crv, x: base64Url(x), y: base64Url(y) })
  return material === undefined ? undefined : { ...material, isPrivate }
}

/** Of RFC 8037. */
function octetMaterial(written: RegoObject): KeyMaterial | undefined {
  const crv = memberOf(written, 'crv')
  const x = bytesOf(written, 'x')
  const isPrivate = memberOf(written, 'd') !== undefined
  if (x?.length !== 32 || (isPrivate && bytesOf(written, 'd')?.length !== 32)) return undefined
  if (crv === 'X25519') return { kind: 'other', cost: 0 }
  if (crv !== 'Ed25519') return undefined
  const material = materialOfJwk('ed25519', { kty: 'OKP', crv, x: base64Url(x) })
  return material === undefined ? undefined : { ...material, isPrivate }
}

function bytesOf(written: RegoObject, name: string): Buffer | undefined {
  const value = memberOf(written, name)
  return typeof value === 'string' ? keyBytes(value) : undefined
}

function withoutZeros(bytes: Buffer | undefined): Buffer {
  const start = bytes?.findIndex((byte) => byte !== 0) ?? -1
  return bytes === undefined || start === -1 ? Buffer.alloc(0) : bytes.subarray(start)
}

function base64Url(bytes: Buffer): string {
  return bytes.toString('base64url')
}

// What a key may be for besides the signatures of tokens: such a key is passed over, any other name is a fault of the set.
const otherAlgorithms = new Set([
  ...['ES256K', 'Ed25519', 'none', 'dir', 'RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384'],
  ...['RSA-OAEP-512', 'A128KW', 'A192KW', 'A256KW', 'A128GCMKW', 'A192GCMKW', 'A256GCMKW'],
  ...['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
  ...['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'],
  ...['A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512', 'A128GCM', 'A192GCM', 'A256GCM'],
])
