import { createHash } from 'node:crypto'
import { PolicySupplyError } from '../domain/errors.js'

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
