import { PolicySupplyError } from '../domain/errors.js'
import type { BundleCache } from './cache.js'
import type { Ledger } from './ledger.js'
import type { Member, MemberFault, Offer } from './members.js'
import type { BundleTerms } from './open-bundle.js'
import type { Opened } from './opened.js'

export interface OfferParts {
  readonly maxBytes: number
  /** Where the work of opening is done; `known`: the digest of an archive that need not be opened. */
  readonly open: (archive: Buffer, terms: BundleTerms, known: string | undefined) => Promise<Opened>
  readonly cache: BundleCache
  readonly ledger: Ledger
  readonly now: () => number
  /** How long the first load waits for a source for which the cache may stand in, milliseconds. */
  readonly patienceMs?: number
}

/** What a member has to give now. */
export type Given =
  | { readonly type: 'offered'; readonly offer: Offer }
  /** Its bundle in force is still what the source gives. */
  | {
      readonly type: 'kept'
      readonly member: Member
      readonly digest: string
      /** Undefined where the source did not have to send it. */
      readonly archive: Buffer | undefined
    }
  | { readonly type: 'failed'; readonly fault: MemberFault }

export interface Offers {
  /** From the source; `inForce` is the digest of the member's bundle that is in force. */
  fromSource(member: Member, inForce: string | undefined, signal: AbortSignal): Promise<Given>
  /** What was good last; undefined where nothing is kept. */
  fromCache(member: Member): Promise<Given | undefined>
}

/** Fetches, opens and verifies, up to where a bundle could come into force. Never rejects. */
export function createOffers(parts: OfferParts): Offers {
  async function opened(
    member: Member,
    archive: Buffer,
    from: Pick<Offer, 'origin'> & { readonly inForce: string | undefined },
  ): Promise<Given> {
    const { maxBytes, open, ledger, now } = parts
    const { sha256 } = member.trust
    let read = unread
    try {
      const terms = { ...member.trust, maxBytes, now: now() }
      const { digest, archive: back, result } = await open(archive, terms, from.inForce)
      read = { revision: '', digest }
      if (result.type === 'known') return { type: 'kept', member, digest, archive: back }
      if (result.type === 'refused') throw result.error
      const { bundle } = result
      read = { revision: bundle.revision, digest }
      const isOlder = await ledger.isOlder(member.name, bundle, sha256 !== undefined)
      const offer = { member, bundle, archive: back, origin: from.origin, isOlder }
      return { type: 'offered', offer }
    } catch (thrown) {
      return { type: 'failed', fault: { member, error: asSupplyError(thrown), ...read } }
    }
  }

  return {
    async fromSource(member, inForce, signal) {
      try {
        const fetched = await member.source.fetch(signal)
        if (fetched.type === 'archive') {
          return await opened(member, fetched.bytes, { origin: 'source', inForce })
        }
        if (inForce !== undefined) {
          return { type: 'kept', member, digest: inForce, archive: undefined }
        }
        throw new PolicySupplyError(
          'absent',
          `${member.source.name} gave no bundle, and none is in force`,
        )
      } catch (thrown) {
        return { type: 'failed', fault: { member, error: asSupplyError(thrown), ...unread } }
      }
    },
    async fromCache(member) {
      try {
        const archive = await parts.cache.read(member.name)
        if (archive === undefined) return undefined
        return await opened(member, archive, { origin: 'cache', inForce: undefined })
      } catch (thrown) {
        return { type: 'failed', fault: { member, error: asSupplyError(thrown), ...unread } }
      }
    },
  }
}

/** A copy that is there and refused is a policy that is there and refused, even while its source is away. */
export function refuseBoth(source: MemberFault, cached: MemberFault): Given {
  const why = cached.error.message === source.error.message ? 'the same' : cached.error.message
  const error = new PolicySupplyError(
    source.error.fault === 'absent' ? cached.error.fault : source.error.fault,
    `${source.error.message}. The copy in the cache cannot stand in for it: ${why}`,
    { cause: source.error.cause ?? cached.error.cause },
  )
  const told = source.digest === '' ? cached : source
  return { type: 'failed', fault: { ...told, error } }
}

/** What nobody thought of is told to the operator's log only. */
export function asSupplyError(thrown: unknown): PolicySupplyError {
  if (thrown instanceof PolicySupplyError) return thrown
  const message = 'The bundle could not be loaded for an unexpected reason'
  return new PolicySupplyError('check', message, { cause: thrown })
}

const unread = { revision: '', digest: '' }
