import type { KeyObject } from 'node:crypto'
import { readKeySet } from './jwt-jwk.js'
import { materialOfDer, type KeyMaterial, type PublicMaterial } from './jwt-material.js'
import type { Parameters } from './jwt-token.js'
import { readPem } from './jwt-pem.js'

/** A key that tokens are verified with, as it is written. */
export interface TokenKey {
  /** The one algorithm that it may be used with; empty where it does not say. */
  readonly alg: string
  readonly kid: string
  readonly material: KeyMaterial
}

/**
 * The keys of a certificate or public key in PEM, of a JSON web key or of a set of them (RFC 7517); undefined where the text
 * is none of these. Opens no key, because that has to be paid for first.
 */
export function readKeys(text: string): readonly TokenKey[] | undefined {
  const pem = readPem(text)
  if (pem === undefined) return readKeySet(text)
  const isCertificate = pem.label === 'CERTIFICATE'
  if (pem.rest !== '' || (!isCertificate && pem.label !== 'PUBLIC KEY')) return undefined
  const material = materialOfDer(pem.der, isCertificate)
  return material === undefined ? undefined : [{ alg: '', kid: '', material }]
}

/** What opening the keys of a text and verifying with each takes at most, nanoseconds. */
export function keysCost(text: string): number {
  return (readKeys(text) ?? []).reduce((sum, { material }) => sum + material.cost, 0)
}

/** A key to verify with. */
export interface OpenKey {
  readonly alg: string
  readonly kid: string
  readonly material: KeyMaterial
  /** Undefined where the material is no public key. */
  readonly key: KeyObject | undefined
}

/** Undefined where one of the keys cannot be one, such as a point that is not on its curve. */
export function openKeys(text: string): readonly OpenKey[] | undefined {
  try {
    return readKeys(text)?.map((key) => ({ ...key, key: opened(key.material) }))
  } catch {
    return undefined
  }
}

function opened(material: KeyMaterial): KeyObject | undefined {
  return isPublic(material) ? material.open() : undefined
}

function isPublic(material: KeyMaterial): material is PublicMaterial {
  return material.kind !== 'secret' && material.kind !== 'other'
}

/** The key that the token names by its id, or else all that may be used with its algorithm. */
export function suitableKeys(
  keys: readonly OpenKey[],
  { kid, alg }: Pick<Parameters, 'kid' | 'alg'>,
): readonly OpenKey[] {
  const named = kid === '' ? undefined : keys.find((key) => key.kid === kid)
  return named === undefined ? keys.filter((key) => key.alg === '' || key.alg === alg) : [named]
}
