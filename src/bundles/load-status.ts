import type { Bundle } from '../domain/bundle.js'
import type { SupplyFault } from '../domain/errors.js'
import type { Assembly } from './assemble.js'
import type { Member, MemberFault, Origin } from './members.js'

/** How the supply of policy goes. Times are milliseconds since the epoch. */
export interface LoadStatus {
  /** Of the set in force. */
  readonly revision: string | undefined
  readonly digest: string | undefined
  /** When every source last agreed with what is in force; undefined where one never did. */
  readonly lastSuccess: number | undefined
  /** What is wrong now; undefined where nothing is. */
  readonly lastError: LoadError | undefined
  readonly bundles: readonly BundleStatus[]
}

export interface BundleStatus {
  readonly name: string
  readonly source: string
  readonly inForce:
    (Pick<Bundle, 'revision' | 'digest' | 'signer'> & { readonly origin: Origin }) | undefined
  /** When its source last agreed with what is in force. */
  readonly lastSuccess: number | undefined
  readonly lastError: LoadError | undefined
}

export interface LoadError {
  readonly time: number
  readonly fault: SupplyFault
  /** Safe to show. */
  readonly message: string
}

/** Keeps for each member how its last load went. */
export function createStatus(members: readonly Member[]) {
  const successes = new Map<Member, number>()
  const errors = new Map<Member, LoadError>()

  function lastError(): LoadError | undefined {
    const current = members.flatMap((member) => {
      const error = errors.get(member)
      return error === undefined ? [] : [{ member, error }]
    })
    const [first] = current
    if (first === undefined) return undefined
    return {
      time: Math.max(...current.map(({ error }) => error.time)),
      ...summed(current, members.length > 1),
    }
  }

  return {
    agreed(member: Member, time: number): void {
      successes.set(member, time)
      errors.delete(member)
    },
    failed({ member, error }: MemberFault, time: number): void {
      errors.set(member, { time, fault: error.fault, message: error.message })
    },
    of(inForce: Assembly | undefined): LoadStatus {
      const times = members.map((member) => successes.get(member))
      return {
        revision: inForce?.revision,
        digest: inForce?.digest,
        lastSuccess: times.reduce(earlier),
        lastError: lastError(),
        bundles: members.map((member) => ({
          name: member.name,
          source: member.source.name,
          inForce: bundleOf(member, inForce),
          lastSuccess: successes.get(member),
          lastError: errors.get(member),
        })),
      }
    },
  }
}

/** Of what is wrong with several, that nothing is there counts least. */
export function summed(
  faults: readonly {
    readonly member: Member
    readonly error: { readonly fault: SupplyFault; readonly message: string }
  }[],
  named: boolean,
): { readonly fault: SupplyFault; readonly message: string } {
  const fault = faults.find(({ error }) => error.fault !== 'absent')?.error.fault ?? 'absent'
  const texts = new Map<string, string[]>()
  for (const { member, error } of faults) {
    texts.set(error.message, [...(texts.get(error.message) ?? []), `"${member.name}"`])
  }
  const messages = [...texts].map(([message, names]) =>
    named ? `${names.join(' and ')}: ${message}` : message,
  )
  return { fault, message: messages.join('; ') }
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.min(one, other)
}

function bundleOf(member: Member, inForce: Assembly | undefined): BundleStatus['inForce'] {
  const offer = inForce?.offers.find((each) => each.member === member)
  if (offer === undefined) return undefined
  const { revision, digest, signer } = offer.bundle
  return { revision, digest, signer, origin: offer.origin }
}
