import type { SupplyFault } from '../domain/errors.js'
import type { Policy } from '../domain/ports.js'
import type { Assembly } from './assemble.js'
import { offerIn } from './attempt.js'
import type { Member, Offer } from './members.js'
import type { Given } from './offers.js'

/** Where the policy in force is kept. `refuse` and `markAbsent` are called only while nothing was ever activated. */
export interface Activation {
  activate(policy: Policy): void
  refuse(fault: SupplyFault, message: string): void
  markAbsent(message: string): void
}

/** The set of bundles in force. */
export interface InForce {
  current(): Assembly | undefined
  activate(assembly: Assembly, given: readonly Given[]): void
  /** The source of a member gives what is in force, also where that came from the cache so far. */
  confirm(member: Member): void
  /** Nothing could be loaded: what is in force stays, and where nothing is, that is made known. */
  leave(fault: SupplyFault, message: string): void
}

export function createInForce(active: Activation): InForce {
  let inForce: Assembly | undefined
  let before: Assembly | undefined
  let refused = false

  /** Sets share what did not change: only what neither the set in force nor the one before it has is let go. */
  function retire({ compiled }: Assembly): void {
    const others = [inForce, before].filter((set) => set?.compiled !== compiled)
    const used = new Set(others.flatMap(policiesOf))
    for (const { policy } of compiled.values()) if (!used.has(policy)) policy.retire()
  }

  return {
    current: () => inForce,
    activate(assembly, given) {
      before = inForce
      inForce = { ...assembly, offers: assembly.offers.map(slim) }
      active.activate({ ...assembly.policy, retire: () => retire(assembly) })
      for (const { member, origin } of given.flatMap(offerIn)) {
        if (origin === 'source') member.source.accepted()
      }
    },
    confirm(member) {
      if (inForce === undefined) return
      const offers = inForce.offers.map((offer) =>
        offer.member === member ? { ...offer, origin: 'source' as const } : offer,
      )
      inForce = { ...inForce, offers }
    },
    leave(fault, message) {
      if (inForce !== undefined) return
      // A refused bundle that then cannot be had is still a refused one: an outage does not loosen anything.
      refused ||= fault !== 'absent'
      if (fault !== 'absent') active.refuse(fault, message)
      else if (!refused) active.markAbsent(message)
    },
  }
}

function policiesOf(set: Assembly | undefined): readonly Policy[] {
  return Array.from(set?.compiled.values() ?? [], ({ policy }) => policy)
}

/** Archives were kept where they are wanted, and a bundle that has no other beside it is never put together again. */
function slim(offer: Offer, _index: number, { length }: readonly Offer[]): Offer {
  const { bundle } = offer
  const left = length > 1 ? bundle : { ...bundle, ...emptied }
  return { ...offer, bundle: left, archive: undefined }
}

const emptied = { wasm: undefined, data: Buffer.alloc(0), rules: [], schemas: [], cases: [] }
