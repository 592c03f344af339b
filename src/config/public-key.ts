import { createPublicKey, type KeyObject } from 'node:crypto'
import type { SignatureAlgorithm, VerificationKey } from '../domain/bundle.js'

/** A key, or what is wrong with it, worded to follow the name of the place where it stands. */
export type ReadKey =
  | { readonly key: VerificationKey; readonly fault?: never }
  | { readonly fault: string; readonly key?: never }

export interface KeyTerms {
  readonly id: string
  /** As it was written, or undefined where the type of the key says it. */
  readonly algorithm: unknown
  readonly scope: string
}

/** Takes a PEM file with one public key, or a certificate, which stands for the key in it. */
export function keyFromPem(text: string, terms: KeyTerms): ReadKey {
  const blocks = Array.from(
    text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g),
    ([, label = '']) => label,
  )
  if (blocks.some((label) => label.includes('PRIVATE KEY'))) {
    return { fault: `has a PRIVATE key: ${giveThePublicOne}` }
  }
  if (blocks.length > 1) return { fault: 'has several PEM blocks: give each key a file of its own' }
  const [label] = blocks
  if (label === undefined || !publicLabels.includes(label)) {
    return {
      fault: 'is not a public key: give a PEM file that begins with -----BEGIN PUBLIC KEY-----',
    }
  }
  return keyFrom(() => createPublicKey(text), terms)
}

const giveThePublicOne =
  'the gateway only verifies; give it the public key (openssl pkey -in KEY -pubout), and keep this one where bundles are signed'

const publicLabels = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE']

/** Takes a key of a JWK Set (RFC 7517), one that is made for signatures. */
export function keyFromJwk(jwk: Readonly<Record<string, unknown>>, terms: KeyTerms): ReadKey {
  const { kty, d, use, key_ops: operations } = jwk
  if (kty === 'oct' || 'k' in jwk) return { fault: sharedSecret }
  if (d !== undefined) return { fault: `is a PRIVATE key: ${giveThePublicOne}` }
  if (use !== undefined && use !== 'sig') {
    return { fault: `is for ${JSON.stringify(use)}: give one with "use": "sig"` }
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return { fault: 'has key_ops without "verify": give one that may verify' }
  }
  return keyFrom(() => createPublicKey({ key: { ...jwk }, format: 'jwk' }), terms)
}

const sharedSecret =
  'is a shared secret, or is to be used as one (HS256 and the like): whoever can verify with it can sign with it; give a public key and no such alg'

function keyFrom(read: () => KeyObject, { id, algorithm, scope }: KeyTerms): ReadKey {
  if (typeof algorithm === 'string' && /^HS\d+$/.test(algorithm)) return { fault: sharedSecret }
  const key = readable(read)
  if (key === undefined)
    return { fault: 'is damaged, or of a type that is not known: export it anew' }
  const fit = algorithmsFor(key)
  if ('fault' in fit) return fit
  const chosen = algorithm === undefined ? fit[0] : fit.find((name) => name === algorithm)
  if (chosen === undefined) {
    return {
      fault: `cannot be used with alg ${JSON.stringify(algorithm)}: give ${fit.join(' or ')}`,
    }
  }
  const pem = key.export({ type: 'spki', format: 'pem' }).toString()
  return { key: { id, algorithm: chosen, scope, pem } }
}

function readable(read: () => KeyObject): KeyObject | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** What a key of this type can verify (RFC 7518, section 3.1; RFC 8037), the usual one first. */
function algorithmsFor(key: KeyObject): Fit | { readonly fault: string } {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const type = key.asymmetricKeyType
  if (type === 'ed25519') return ['EdDSA']
  if (type === 'rsa') {
    if (modulusLength >= leastRsaBits) return rsaAlgorithms
    return { fault: `is an RSA key of ${modulusLength} bits: give one of ${leastRsaBits} or more` }
  }
  if (type === 'ec') {
    const algorithm = Object.hasOwn(curves, namedCurve) ? curves[namedCurve] : undefined
    if (algorithm !== undefined) return [algorithm]
    return { fault: `is on the curve ${namedCurve}: give one on P-256, P-384, P-521 or Ed25519` }
  }
  return {
    fault: `is of type ${type ?? 'unknown'}: give an RSA key, or one on P-256, P-384, P-521 or Ed25519`,
  }
}

type Fit = readonly [SignatureAlgorithm, ...SignatureAlgorithm[]]

const leastRsaBits = 2048
const rsaAlgorithms: Fit = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

const curves: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}
