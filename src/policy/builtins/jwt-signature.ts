import { constants, createHmac, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import type { Algorithm, Hash } from './jwt-algorithms.js'
import type { OpenKey } from './jwt-keys.js'
import { isFitRsaKey, type PublicMaterial } from './jwt-material.js'

/** How strictly the form of a signature is taken, which differs between OPA's functions. */
export type Strictness = 'lenient' | 'strict'

/**
 * Whether the signature is that of the text by the algorithm and the key. The key's own kind must be that of the algorithm:
 * a public key is never taken for a secret, nor a secret for anything else.
 * @param strictness `strict`: PSS salt as long as the hash, both numbers of ECDSA at full length, halves that sign welcome
 */
export function isSignedBy(
  { material, key }: OpenKey,
  algorithm: Algorithm,
  text: string,
  signature: Buffer,
  strictness: Strictness,
): boolean {
  if (algorithm.family === 'hmac') {
    return material.kind === 'secret' && isMac(material.secret, algorithm.hash, text, signature)
  }
  if (material.kind === 'secret' || material.kind === 'other' || key === undefined) return false
  if (material.isPrivate && strictness === 'lenient') return false
  const check = { material, key, text: Buffer.from(text), signature, strictness }
  try {
    switch (algorithm.family) {
      case 'rsa':
      case 'rsa-pss':
        return isRsaSignature(check, algorithm.hash, algorithm.family === 'rsa-pss')
      case 'ec':
        return isEcSignature(check, algorithm.hash)
      case 'ed25519':
        return material.kind === 'ed25519' && verify(null, check.text, key, signature)
    }
  } catch {
    return false // what OpenSSL cannot compute with
  }
}

/** In the time that all signatures take. */
export function isMac(
  secret: Buffer | string,
  hash: Hash,
  text: string,
  signature: Buffer,
): boolean {
  const mac = createHmac(hash, secret).update(text).digest()
  return mac.length === signature.length && timingSafeEqual(mac, signature)
}

interface Check {
  readonly material: PublicMaterial
  readonly key: KeyObject
  readonly text: Buffer
  readonly signature: Buffer
  readonly strictness: Strictness
}

function isRsaSignature(check: Check, hash: Hash, isPss: boolean): boolean {
  const { material, key, text, signature, strictness } = check
  if (material.kind !== 'rsa' || !isFitRsaKey(key)) return false
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (signature.length !== Math.ceil(modulusLength / 8)) return false
  if (!isPss) return verify(hash, text, key, signature)
  const saltLength =
    strictness === 'strict' ? constants.RSA_PSS_SALTLEN_DIGEST : constants.RSA_PSS_SALTLEN_AUTO
  return verify(
    hash,
    text,
    { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
    signature,
  )
}

function isEcSignature({ material, key, text, signature, strictness }: Check, hash: Hash): boolean {
  if (material.kind !== 'ec') return false
  const exact = strictness === 'strict' ? signature : fullLength(signature, material.size)
  if (exact?.length !== 2 * material.size) return false
  return verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, exact)
}

/** The two halves as numbers of so many bytes each; undefined where they do not fit. */
function fullLength(signature: Buffer, size: number): Buffer | undefined {
  const half = Math.floor(signature.length / 2)
  const numbers = [signature.subarray(0, half), signature.subarray(half)].map((written) => {
    const start = written.findIndex((byte) => byte !== 0)
    const number = start === -1 ? Buffer.alloc(0) : written.subarray(start)
    return number.length > size
      ? undefined
      : Buffer.concat([Buffer.alloc(size - number.length), number])
  })
  const [r, s] = numbers
  return r === undefined || s === undefined ? undefined : Buffer.concat([r, s])
}
