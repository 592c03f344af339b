import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Signer, VerificationKey } from '../domain/bundle.js'
import { type CompactJws, readCompactJws } from './jws.js'
import { misfitOf, verifyText } from './signature-algorithm.js'
import { type Claims, readClaims } from './signature-claims.js'
import { signatureFault } from './signature-fault.js'
import { readSignatures, signaturesName } from './signatures-file.js'
import { verifyFiles } from './verify-files.js'

export interface SignatureTerms {
  readonly keys: readonly VerificationKey[]
  readonly requireSignature: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Verifies the signature of a bundle as OPA does, over every file and nothing besides. Which key may sign with which
 * algorithm and scope comes from the terms alone.
 * @returns undefined for a bundle that has no signature and needs none, or with no key to verify it with
 * @throws PolicySupplyError `signature`
 */
export function verifySignature(
  files: ReadonlyMap<string, Buffer>,
  terms: SignatureTerms,
): Signer | undefined {
  const { keys, requireSignature, now } = terms
  if (requireSignature && keys.length === 0) {
    throw signatureFault(
      'is required, and there is no key to verify it with: set POLICY_VERIFICATION_KEYS',
    )
  }
  const text = files.get(signaturesName)
  if (text === undefined && requireSignature) {
    throw signatureFault(
      `is missing: there is no ${signaturesName}. Sign the bundle with "portcullis policy build --sign" or "opa build --signing-key"`,
    )
  }
  if (text === undefined || keys.length === 0) return undefined
  const jws = readCompactJws(readSignatures(text))
  const claims = readClaims(jws.payload)
  const key = keyFor(jws, claims, keys)
  verifyJws(jws, key)
  verifyScope(claims, key)
  verifyTimes(claims, now)
  verifyFiles(files, claims.files)
  return { keyId: key.id, algorithm: key.algorithm, scope: key.scope, issuedAt: claims.iat }
}

/** @throws PolicySupplyError `signature` where the key cannot verify what it is configured for */
export function publicKeyOf({ id, algorithm, pem }: VerificationKey): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (thrown) {
    throw signatureFault(`cannot be verified: the key "${id}" is no public key in PEM`, thrown)
  }
  const misfit = misfitOf(key, algorithm)
  if (misfit === undefined) return key
  throw signatureFault(`cannot be verified with the key "${id}": ${misfit}`)
}

function keyFor(jws: CompactJws, claims: Claims, keys: readonly VerificationKey[]) {
  const keyId = jws.keyId === '' ? claims.keyid : jws.keyId
  const key = keys.find(({ id }) => id === keyId)
  if (key !== undefined) return key
  const configured = `configured: ${keys.map(({ id }) => JSON.stringify(id)).join(', ')}`
  if (keyId === '') {
    throw signatureFault(
      `does not say which key made it (${configured}). Sign with the key's id: "opa build --verification-key-id", or "keyid" in the claims file`,
    )
  }
  const hint =
    keyId === 'default'
      ? 'OPA writes "default" where it was given no --verification-key-id'
      : 'Add its public key under that id, or sign with a key that is configured'
  throw signatureFault(
    `is by the key ${shown(keyId)}, which POLICY_VERIFICATION_KEYS does not have (${configured}). ${hint}`,
  )
}

function verifyJws(jws: CompactJws, key: VerificationKey): void {
  const { algorithm } = jws
  if (algorithm !== key.algorithm) throw signatureFault(foreignAlgorithm(algorithm, key))
  if (verifyText(jws.signed, jws.signature, publicKeyOf(key), key.algorithm)) return
  throw signatureFault(
    `is not by the key "${key.id}": another key made it, or it was changed. Do not use this bundle until you know why`,
  )
}

function foreignAlgorithm(algorithm: string, { id, algorithm: wanted }: VerificationKey): string {
  if (/^none$/i.test(algorithm)) {
    return 'is none: its algorithm is "none", which anybody can write. Do not use this bundle'
  }
  if (/^HS\d/i.test(algorithm)) {
    return `is made with ${shown(algorithm)}, a shared secret, which is never accepted: sign with the private key of "${id}" (${wanted})`
  }
  return `is made with ${shown(algorithm)}, and the key "${id}" is configured for ${wanted}: sign with ${wanted}, or configure another key`
}

function verifyScope({ scope }: Claims, key: VerificationKey): void {
  if (scope === key.scope) return
  throw signatureFault(
    `has ${described(scope)}, and the key "${key.id}" is configured for ${described(key.scope)}: the bundle is meant for something else`,
  )
}

function described(scope: string): string {
  return scope === '' ? 'no scope' : `the scope ${shown(scope)}`
}

function verifyTimes({ exp, nbf, iat }: Claims, now: number): void {
  const seconds = now / 1000
  if (exp !== undefined && seconds >= exp) {
    throw signatureFault(`has expired (exp ${moment(exp)}): sign the bundle anew`)
  }
  if (nbf !== undefined && seconds < nbf) {
    throw signatureFault(`is not valid yet (nbf ${moment(nbf)}): supply the bundle later`)
  }
  if (iat !== undefined && iat > seconds + clockSkewSec) {
    throw signatureFault(
      `is from the future (iat ${moment(iat)}), and would lock out the bundles that follow: check the clocks, and sign anew`,
    )
  }
}

function moment(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString()
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

const clockSkewSec = 300
