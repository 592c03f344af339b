import { constants, type KeyObject, sign, verify } from 'node:crypto'
import type { SignatureAlgorithm } from '../domain/bundle.js'

/** RFC 7518 section 3 and RFC 8037: what an algorithm needs of its key, and how it signs. */
interface Traits {
  readonly key: 'rsa' | 'ed25519' | 'prime256v1' | 'secp384r1' | 'secp521r1'
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
  readonly padding: 'none' | 'pkcs1' | 'pss'
}

const traits: Readonly<Record<SignatureAlgorithm, Traits>> = {
  ES256: { key: 'prime256v1', hash: 'sha256', padding: 'none' },
  ES384: { key: 'secp384r1', hash: 'sha384', padding: 'none' },
  ES512: { key: 'secp521r1', hash: 'sha512', padding: 'none' },
  RS256: { key: 'rsa', hash: 'sha256', padding: 'pkcs1' },
  RS384: { key: 'rsa', hash: 'sha384', padding: 'pkcs1' },
  RS512: { key: 'rsa', hash: 'sha512', padding: 'pkcs1' },
  PS256: { key: 'rsa', hash: 'sha256', padding: 'pss' },
  PS384: { key: 'rsa', hash: 'sha384', padding: 'pss' },
  PS512: { key: 'rsa', hash: 'sha512', padding: 'pss' },
  EdDSA: { key: 'ed25519', hash: null, padding: 'none' },
}

export const signatureAlgorithms = Object.keys(traits) as readonly SignatureAlgorithm[]

export function signText(text: Buffer, key: KeyObject, algorithm: SignatureAlgorithm): Buffer {
  return sign(traits[algorithm].hash, text, optionsFor(key, algorithm))
}

export function verifyText(
  text: Buffer,
  signature: Buffer,
  key: KeyObject,
  algorithm: SignatureAlgorithm,
): boolean {
  return verify(traits[algorithm].hash, text, optionsFor(key, algorithm), signature)
}

function optionsFor(key: KeyObject, algorithm: SignatureAlgorithm) {
  const { padding } = traits[algorithm]
  if (padding === 'none') return { key, dsaEncoding: 'ieee-p1363' as const }
  if (padding === 'pkcs1') return { key, padding: constants.RSA_PKCS1_PADDING }
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

/** What is wrong with the key for this algorithm; undefined where it fits. */
export function misfitOf(key: KeyObject, algorithm: SignatureAlgorithm): string | undefined {
  const wanted = traits[algorithm].key
  const kind = kindOf(key)
  if (kind !== wanted) return `it is of the kind ${kind}, and ${algorithm} needs ${wanted}`
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (kind === 'rsa' && bits < minRsaBits) return `it has ${bits} bits, and needs ${minRsaBits}`
  return undefined
}

/** The algorithm that a key signs with where nothing else is said; undefined for a key that cannot sign bundles. */
export function algorithmOf(key: KeyObject): SignatureAlgorithm | undefined {
  const kind = kindOf(key)
  if (kind === 'rsa') return 'RS256'
  return signatureAlgorithms.find((algorithm) => traits[algorithm].key === kind)
}

function kindOf(key: KeyObject): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  return asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? 'secret'
}

const minRsaBits = 2048
