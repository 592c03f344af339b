import { PolicySupplyError } from '../domain/errors.js'
import { assemble, type Assembly, type AssemblyParts, type Unassembled } from './assemble.js'
import type { Member, MemberFault, Offer } from './members.js'
import { createOffers, type Given, type OfferParts, refuseBoth } from './offers.js'
import { limitTime } from './time-limit.js'

/** How far a load came. Nothing is in force yet that was not before. */
export type Attempt =
  | {
      readonly type: 'assembled'
      readonly assembly: Assembly
      readonly given: readonly Given[]
      /** What was wrong with sources for which the cache stands in. */
      readonly covered: readonly MemberFault[]
    }
  | { readonly type: 'unchanged'; readonly given: readonly Given[] }
  | {
      readonly type: 'failed'
      /** At least one. */
      readonly faults: readonly MemberFault[]
      readonly given: readonly Given[]
    }

/** Everything of a load but its consequences. Never rejects. */
export function createAttempt(parts: OfferParts & AssemblyParts) {
  const offers = createOffers(parts)
  const { cache, patienceMs = usualPatienceMs } = parts
  let isFirst = true

  /** While nothing is in force, `asked` has to be everyone. */
  return async function attempt(
    asked: readonly Member[],
    inForce: Assembly | undefined,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const isStart = isFirst
    isFirst = false
    const given = await Promise.all(
      asked.map((member) =>
        isStart
          ? fetchInTime(member, signal)
          : offers.fromSource(member, digestOf(member, inForce), signal),
      ),
    )
    return inForce === undefined ? begin(given, []) : goOn(given, inForce)
  }

  /** Nothing is served before the first load is over, so it does not wait long for what it need not wait for. */
  async function fetchInTime(member: Member, signal: AbortSignal): Promise<Given> {
    if (!(await cache.has(member.name))) return offers.fromSource(member, undefined, signal)
    const patience = limitTime([signal], patienceMs)
    try {
      return await offers.fromSource(member, undefined, patience.signal)
    } finally {
      patience.release()
    }
  }

  async function goOn(given: readonly Given[], inForce: Assembly): Promise<Attempt> {
    const faults = given.flatMap(faultIn)
    if (faults.length > 0) return { type: 'failed', faults, given }
    const fresh = given.flatMap(offerIn)
    if (fresh.length === 0) return { type: 'unchanged', given }
    const set = inForce.offers.map(
      (offer) => fresh.find(({ member }) => member === offer.member) ?? offer,
    )
    const made = await assemble(set, inForce, parts)
    if (made.type === 'unassembled') return { type: 'failed', faults: blamed(made, fresh), given }
    return { type: 'assembled', assembly: made, given, covered: [] }
  }

  /** The last good bundle outlives a restart: where a source has nothing that can be used, it is taken from the cache. */
  async function begin(given: readonly Given[], covered: readonly MemberFault[]): Promise<Attempt> {
    const failed = given.flatMap(faultIn)
    const taken = await Promise.all(given.map(withCache))
    const faults = taken.flatMap(faultIn)
    if (faults.length > 0) return { type: 'failed', faults, given: taken }
    const made = await assemble(taken.flatMap(offerIn), undefined, parts)
    const coveredNow = [...covered, ...failed]
    if (made.type === 'assembled') {
      return { type: 'assembled', assembly: made, given: taken, covered: coveredNow }
    }
    const refused = blamed(made, taken.flatMap(offerIn).filter(isFromSource))
    if (refused.length === 0) return { type: 'failed', faults: made.faults, given: taken }
    return begin(
      taken.map((each) => failedBy(each, refused)),
      coveredNow,
    )
  }

  async function withCache(given: Given): Promise<Given> {
    if (given.type !== 'failed') return given
    const { fault } = given
    const cached = await offers.fromCache(fault.member)
    if (cached === undefined) return given
    return cached.type === 'failed' ? refuseBoth(fault, cached.fault) : cached
  }
}

export function faultIn(given: Given): readonly MemberFault[] {
  return given.type === 'failed' ? [given.fault] : []
}

export function offerIn(given: Given): readonly Offer[] {
  return given.type === 'offered' ? [given.offer] : []
}

function digestOf(member: Member, inForce: Assembly | undefined): string | undefined {
  return inForce?.offers.find((offer) => offer.member === member)?.bundle.digest
}

function isFromSource({ origin }: Offer): boolean {
  return origin === 'source'
}

/** What is new is at fault, also where it is another's policy that cannot be used with its data. */
function blamed({ faults }: Unassembled, fresh: readonly Offer[]): readonly MemberFault[] {
  const own = faults.filter(({ member }) => fresh.some((offer) => offer.member === member))
  if (own.length > 0) return own
  return faults.flatMap(({ member: { name }, error }) =>
    fresh.map(({ member, bundle: { revision, digest } }) => ({
      member,
      error: new PolicySupplyError(
        error.fault,
        `"${name}" cannot be used with it: ${error.message}`,
        { cause: error.cause },
      ),
      revision,
      digest,
    })),
  )
}

function failedBy(given: Given, faults: readonly MemberFault[]): Given {
  const [offer] = offerIn(given)
  const fault = faults.find(({ member }) => member === offer?.member)
  return fault === undefined ? given : { type: 'failed', fault }
}

const usualPatienceMs = 10_000
