import type { BundleCache } from './cache.js'
import type { Ledger } from './ledger.js'
import type { Given } from './offers.js'

/** Something was not kept, or what was kept is of no use: it would be missing after a restart. */
export interface KeepingFault {
  /** Name of the member. */
  readonly bundle: string
  readonly what: 'bundle' | 'age'
  readonly error: unknown
}

export interface Keeping {
  /** Keeps what is about to come into force, before it does: what is in force is never newer than what is kept. */
  keep(given: readonly Given[]): Promise<void>
}

/** Neither a full disk nor a read-only one keeps a good bundle from coming into force. */
export function createKeeping(
  { cache, ledger }: { readonly cache: BundleCache; readonly ledger: Ledger },
  onFault: (fault: KeepingFault) => void,
): Keeping {
  const keptDigests = new Map<string, string>()

  async function keepArchive(bundle: string, digest: string, archive: Buffer | undefined) {
    if (archive === undefined || keptDigests.get(bundle) === digest) return
    try {
      await cache.keep(bundle, archive)
      keptDigests.set(bundle, digest)
    } catch (error) {
      onFault({ bundle, what: 'bundle', error })
    }
  }

  async function keepOne(given: Given): Promise<void> {
    if (given.type === 'failed') return
    if (given.type === 'kept') return keepArchive(given.member.name, given.digest, given.archive)
    const { member, bundle, archive, origin } = given.offer
    if (origin === 'cache') keptDigests.set(member.name, bundle.digest)
    else await keepArchive(member.name, bundle.digest, archive)
    try {
      await ledger.accept(member.name, bundle, member.trust.sha256 !== undefined)
    } catch (error) {
      onFault({ bundle: member.name, what: 'age', error })
    }
  }

  return {
    async keep(given) {
      for (const each of given) await keepOne(each)
    },
  }
}
