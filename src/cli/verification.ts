import { readFileSync } from 'node:fs'
import { openBundle } from '../bundles/open-bundle.js'
import { settings } from '../config/settings.js'
import { readKeys } from '../config/verification-keys.js'
import { CommandError } from './command.js'
import type { Bundle } from '../domain/bundle.js'

/** The flags of a command that verifies bundles as a gateway would. */
export const verificationOptions = {
  keys: {
    type: 'string',
    value: 'KEYS',
    help: 'Public keys, as in POLICY_VERIFICATION_KEYS: a JWKS file, or id=file.pem,…',
  },
  'require-signature': { type: 'boolean', help: 'Refuse a bundle that is not signed' },
  sha256: { type: 'string', value: 'DIGEST', help: 'The SHA-256 that the archive must have' },
} as const

export interface VerificationValues {
  readonly keys?: string | undefined
  readonly 'require-signature'?: boolean | undefined
  readonly sha256?: string | undefined
}

/** A policy set has no archive and no signature yet. @throws CommandError 2 */
export function refuseVerification(values: VerificationValues): void {
  const useless = (['keys', 'require-signature', 'sha256'] as const).find(
    (flag) => values[flag] !== undefined,
  )
  if (useless === undefined) return
  throw new CommandError(2, `--${useless} is for a bundle, and this is none: build it first`)
}

/**
 * Unpacks and verifies an archive as a gateway with these keys would.
 * @throws PolicySupplyError
 * @throws CommandError 2 where a flag cannot be used
 */
export async function openVerified(archive: Buffer, values: VerificationValues): Promise<Bundle> {
  const requireSignature = values['require-signature'] === true
  if (requireSignature && values.keys === undefined) {
    throw new CommandError(2, '--require-signature needs the keys to verify with: give --keys')
  }
  const written = values.keys?.split(',').map((key) => key.trim()) ?? []
  const { keys, faults } = readKeys(written, '--keys', (path) => readFileSync(path, 'utf8'))
  if (faults.length > 0) throw new CommandError(2, faults.join('\n'))
  const { sha256 } = values
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new CommandError(2, `--sha256 is ${sha256}: give 64 hexadecimal digits`)
  }
  const maxBytes = settings.POLICY_BUNDLE_MAX_BYTES.default
  return openBundle(archive, { maxBytes, sha256, keys, requireSignature, now: Date.now() })
}
