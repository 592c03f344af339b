import { createHash } from 'node:crypto'
import { PolicySupplyError } from '../domain/errors.js'
import { canonicalText } from './canonical-text.js'

/** SHA-256, 64 hex digits in lower case. */
export function digestOf(archive: Buffer): string {
  return createHash('sha256').update(archive).digest('hex')
}

/** @throws PolicySupplyError `digest` */
export function checkDigest(archive: Buffer, expected: string): void {
  const digest = digestOf(archive)
  if (digest === expected.toLowerCase()) return
  throw new PolicySupplyError(
    'digest',
    `The bundle is not the pinned one: SHA-256 want ${expected}, got ${digest}. ` +
      'Put the pinned bundle back, or pin the new one with POLICY_BUNDLE_SHA256',
  )
}

export type HashAlgorithm = keyof typeof hashAlgorithms

/** As OPA names them; those that can be forged are not among them. */
const hashAlgorithms = {
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512-224': 'sha512-224',
  'SHA-512-256': 'sha512-256',
} as const

export function isHashAlgorithm(name: string): name is HashAlgorithm {
  return Object.hasOwn(hashAlgorithms, name)
}

/**
 * The hash of a file as OPA's signatures have it, hex: of its bytes, or of its canonical text where it is data or the
 * manifest.
 * @throws JsonFault where such a file is not JSON
 */
export function hashFile(name: string, content: Buffer, algorithm: HashAlgorithm): string {
  return createHash(hashAlgorithms[algorithm])
    .update(isStructured(name) ? canonicalText(content) : content)
    .digest('hex')
}

/** Data and the manifest, which are signed by what they say and not by how it is spelled. */
export function isStructured(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1)
  return base === 'data.json' || base === '.manifest'
}
