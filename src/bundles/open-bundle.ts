import type { Bundle } from '../domain/bundle.js'
import { unpackArchive } from './archive.js'
import { readContents } from './contents.js'
import { checkDigest, digestOf } from './hash.js'
import { type Layout, refuseNames } from './layout.js'
import { type SignatureTerms, verifySignature } from './verify-signature.js'

/** What an archive must be like to be taken for the bundle of a policy. Structured-cloneable. */
export interface BundleTerms extends SignatureTerms {
  /** Bytes of the archive; unpacked it may have four times as many. */
  readonly maxBytes: number
  /** SHA-256 of the archive, 64 hex digits; undefined where any will do. */
  readonly sha256: string | undefined
  /** Left out: of a bundle. */
  readonly layout?: Layout
}

/**
 * Unpacks, verifies and reads a bundle. Nothing in a file is interpreted before the signature is verified, where there
 * is one to verify.
 * @throws PolicySupplyError `digest`, `archive`, `signature` or `check` (unpacked and verified, but not a bundle for this build)
 */
export async function openBundle(archive: Buffer, terms: BundleTerms): Promise<Bundle> {
  if (terms.sha256 !== undefined) checkDigest(archive, terms.sha256)
  const { files, bytes, entries } = await unpackArchive(archive, terms.maxBytes)
  const { layout = 'bundle' } = terms
  refuseNames(files.keys(), layout)
  const signer = verifySignature(files, terms)
  const contents = readContents(files, layout)
  const digest = digestOf(archive)
  return {
    ...contents,
    revision: contents.revision ?? digest.slice(0, 12),
    digest,
    signer,
    sizes: { archive: archive.length, unpacked: bytes, entries },
  }
}

/**
 * The bundle as it is, whoever made it.
 * @throws PolicySupplyError `archive` or `check`
 */
export function openUnverified(archive: Buffer, maxBytes: number): Promise<Bundle> {
  return openBundle(archive, {
    maxBytes,
    sha256: undefined,
    keys: [],
    requireSignature: false,
    now: 0,
  })
}
