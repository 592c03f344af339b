import type { LoadedBundle } from '../domain/entry.js'
import type { SupplyFault } from '../domain/errors.js'
import type { Assembly } from './assemble.js'
import { offerIn } from './attempt.js'
import { summed } from './load-status.js'
import type { Member, MemberFault } from './members.js'
import type { Given } from './offers.js'

/** What a load did, or why it failed. */
export type LoadOutcome = LoadedOutcome | FailedOutcome

export interface LoadedOutcome {
  readonly outcome: 'activated' | 'unchanged'
  /** Of the set in force. */
  readonly revision: string
  readonly digest: string
  /** Of the members that were loaded. */
  readonly source: string
  readonly error: ''
  readonly bundles: readonly LoadedBundle[]
  /** Names of members that were set back to an older bundle, as the operator allows. */
  readonly older: readonly string[]
}

export interface FailedOutcome {
  readonly outcome: 'failed'
  /** Of the bundle that failed; '' where it was not read that far. */
  readonly revision: string
  readonly digest: string
  readonly source: string
  /** Safe to show. */
  readonly error: string
  readonly fault: SupplyFault
  /** For the operator's log only. */
  readonly cause: unknown
}

export function loadedOutcome(
  outcome: LoadedOutcome['outcome'],
  { revision, digest, offers }: Assembly,
  concerned: readonly Member[],
  given: readonly Given[],
): LoadedOutcome {
  const loaded = offers.filter(({ member }) => concerned.includes(member))
  const older = given.flatMap(offerIn).filter(({ isOlder }) => isOlder)
  return {
    outcome,
    revision,
    digest,
    source: loaded
      .map(({ member, origin }) => member.source.name + (origin === 'cache' ? fromCache : ''))
      .join(', '),
    error: '',
    bundles: offers.map(({ member: { name }, bundle }) => ({
      name,
      revision: bundle.revision,
      digest: bundle.digest,
    })),
    older: older.map(({ member }) => member.name),
  }
}

/** `named`: there are several members, so that it has to be said whose fault is whose. */
export function failedOutcome(faults: readonly MemberFault[], named: boolean): FailedOutcome {
  const { fault, message } = summed(faults, named)
  const [first] = faults
  return {
    outcome: 'failed',
    revision: first?.revision ?? '',
    digest: first?.digest ?? '',
    source: faults.map(({ member }) => member.source.name).join(', '),
    error: message,
    fault,
    cause: first?.error.cause,
  }
}

export const shuttingDown: FailedOutcome = {
  outcome: 'failed',
  revision: '',
  digest: '',
  source: '',
  error: 'The gateway is shutting down',
  fault: 'check',
  cause: undefined,
}

const fromCache = ' (from the cache)'
