import { createPublicKey, X509Certificate, type JsonWebKey, type KeyObject } from 'node:crypto'
import { subjectKeyInfo } from './jwt-der.js'

/** What a key is made of. `cost`: what opening it and verifying one signature takes at most, nanoseconds. */
export type KeyMaterial = PublicMaterial | SecretMaterial | OtherMaterial

export interface PublicMaterial {
  readonly kind: 'rsa' | 'ec' | 'ed25519'
  /** The half that signs was there as well. */
  readonly isPrivate: boolean
  /** Bytes of one coordinate; 0 where the key has none. */
  readonly size: number
  readonly cost: number
  /** @throws where the bytes are no key */
  readonly open: () => KeyObject
}

export interface SecretMaterial {
  readonly kind: 'secret'
  readonly secret: Buffer
  readonly cost: 0
}

/** A key that no signature is made with. */
export interface OtherMaterial {
  readonly kind: 'other'
  readonly cost: 0
}

/** Undefined where the bytes are of another form, or the key of a kind that OPA does not read. */
export function materialOfDer(der: Buffer, isCertificate: boolean): KeyMaterial | undefined {
  const info = subjectKeyInfo(der, isCertificate)
  if (info === undefined) return undefined
  const open = (): KeyObject =>
    isCertificate
      ? new X509Certificate(der).publicKey
      : createPublicKey({ key: der, format: 'der', type: 'spki' })
  if (info.algorithm === identifiers.rsa) return rsa(info.length * 8, open)
  if (info.algorithm === identifiers.ed25519) return ed25519(open)
  if (info.algorithm === identifiers.ec) {
    const curve = curves.find(({ identifier }) => identifier === info.curve)
    return curve === undefined ? undefined : ec(curve, open)
  }
  return isCertificate || info.algorithm === identifiers.x25519
    ? { kind: 'other', cost: 0 }
    : undefined
}

export function materialOfJwk(
  kind: PublicMaterial['kind'],
  jwk: JsonWebKey,
): PublicMaterial | undefined {
  const open = (): KeyObject => createPublicKey({ key: jwk, format: 'jwk' })
  if (kind === 'rsa') return rsa((jwk.n ?? '').length * 6, open)
  if (kind === 'ed25519') return ed25519(open)
  const curve = curves.find(({ name }) => name === jwk.crv)
  return curve === undefined ? undefined : ec(curve, open)
}

/** Bytes of a coordinate. */
export function coordinateSize(curve: string): number | undefined {
  return curves.find(({ name }) => name === curve)?.size
}

/** Not every RSA key that can be opened is fit to verify with; `cost` holds for those that are. */
export function isFitRsaKey(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < 1024 || modulusLength > largestModulus) return false
  return publicExponent > 2n && publicExponent <= largestExponent && publicExponent % 2n === 1n
}

const largestModulus = 16_384
const largestExponent = 2n ** 31n - 1n

const identifiers = {
  rsa: '2a864886f70d010101',
  ec: '2a8648ce3d0201',
  ed25519: '2b6570',
  x25519: '2b656e',
} as const

interface Curve {
  readonly name: string
  readonly identifier: string
  readonly size: number
  readonly cost: number
}

// Points are multiplied twice to verify, and once to see that the key is on its curve.
const curves: readonly Curve[] = [
  { name: 'P-256', identifier: '2a8648ce3d030107', size: 32, cost: 400_000 },
  { name: 'P-384', identifier: '2b81040022', size: 48, cost: 1_600_000 },
  { name: 'P-521', identifier: '2b81040023', size: 66, cost: 3_600_000 },
]

const opening = 250_000

function rsa(bits: number, open: () => KeyObject): PublicMaterial {
  const size = Math.min(bits, largestModulus)
  return { kind: 'rsa', isPrivate: false, size: 0, cost: opening + size * size * 0.015, open }
}

function ec({ size, cost }: Curve, open: () => KeyObject): PublicMaterial {
  return { kind: 'ec', isPrivate: false, size, cost: opening + cost, open }
}

function ed25519(open: () => KeyObject): PublicMaterial {
  return { kind: 'ed25519', isPrivate: false, size: 0, cost: opening + 250_000, open }
}
