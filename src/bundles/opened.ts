import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { digestOf } from './hash.js'
import { type BundleTerms, openBundle } from './open-bundle.js'

/** What became of an archive. */
export interface Opened {
  /** SHA-256 of the archive, hex. */
  readonly digest: string
  readonly archive: Buffer
  readonly result:
    | { readonly type: 'bundle'; readonly bundle: Bundle }
    /** It is the one whose digest was named: nothing was unpacked. */
    | { readonly type: 'known' }
    | { readonly type: 'refused'; readonly error: PolicySupplyError }
}

/** Opens an archive unless it is the one that is known already. Rejects only with what nobody thought of. */
export async function openArchive(
  archive: Buffer,
  terms: BundleTerms,
  known: string | undefined,
): Promise<Opened> {
  const digest = digestOf(archive)
  if (digest === known) return { digest, archive, result: { type: 'known' } }
  try {
    const bundle = await openBundle(archive, terms)
    return { digest, archive, result: { type: 'bundle', bundle } }
  } catch (thrown) {
    if (!(thrown instanceof PolicySupplyError)) throw thrown
    return { digest, archive, result: { type: 'refused', error: thrown } }
  }
}
