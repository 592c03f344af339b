import type { AssemblyParts } from './assemble.js'
import { type Attempt, createAttempt, offerIn } from './attempt.js'
import { type Activation, createInForce } from './in-force.js'
import { createKeeping, type KeepingFault } from './keeping.js'
import { createStatus, type LoadStatus } from './load-status.js'
import { createLoads } from './loads.js'
import type { Member } from './members.js'
import type { Given, OfferParts } from './offers.js'
import { failedOutcome, loadedOutcome, type LoadOutcome, shuttingDown } from './outcome.js'

export interface LoaderOptions extends OfferParts, AssemblyParts {
  /** At least one; their names differ. */
  readonly members: readonly Member[]
  readonly active: Activation
  /** Hears of every load, before its promise resolves. */
  readonly report: (outcome: LoadOutcome, status: LoadStatus) => void
  /** What could not be kept for a restart; the load goes on. */
  readonly onKeepingFault: (fault: KeepingFault) => void
}

export interface Loader {
  /** The first load; from here on changes of the sources are followed. */
  start(): Promise<LoadOutcome>
  /** Loads all members, all or none. Never rejects. Asked for during a load, it resolves with one that began afterwards. */
  reload(): Promise<LoadOutcome>
  status(): LoadStatus
  close(): Promise<void>
}

/**
 * The one way in which bundles come into force, for signals, watchers and polls alike: fetch, verify, compile, activate.
 * Where only one source has something new, only that is loaded; whatever goes wrong on the way, the last good set stays.
 */
export function createLoader(options: LoaderOptions): Loader {
  const { members, now } = options
  const closing = new AbortController()
  const attempt = createAttempt(options)
  const keeping = createKeeping(options, options.onKeepingFault)
  const inForce = createInForce(options.active)
  const status = createStatus(members)
  const loads = createLoads(members, load)
  // Worth another try once the set has changed.
  const refused = new Set<Member>()
  // By a member that could not be loaded with them: worth another try as soon as any load goes well.
  const heldUp = new Set<Member>()

  async function load(asked: readonly Member[]): Promise<LoadOutcome> {
    const before = inForce.current()
    const concerned = before === undefined ? members : asked
    const made = await attempt(concerned, before, closing.signal)
    if (made.type !== 'failed' && !closing.signal.aborted) await keeping.keep(made.given)
    if (closing.signal.aborted) return shuttingDown
    const outcome = conclude(made, concerned)
    tell(outcome)
    return outcome
  }

  function conclude(made: Attempt, concerned: readonly Member[]): LoadOutcome {
    const time = now()
    for (const given of made.given) if (given.type === 'kept') agree(given, time)
    if (made.type === 'failed') return fail(made, time)
    if (made.type === 'assembled') activate(made, time)
    tryAgain(heldUp)
    const set = inForce.current()
    if (set === undefined) return shuttingDown
    return loadedOutcome(
      made.type === 'assembled' ? 'activated' : 'unchanged',
      set,
      concerned,
      made.given,
    )
  }

  function agree({ member, archive }: Given & { type: 'kept' }, time: number): void {
    status.agreed(member, time)
    forget(member)
    inForce.confirm(member)
    if (archive !== undefined) member.source.accepted()
  }

  function activate({ assembly, given, covered }: Assembled, time: number): void {
    for (const fault of covered) status.failed(fault, time)
    if (covered.length > 0) tell(failedOutcome(covered, members.length > 1))
    inForce.activate(assembly, given)
    for (const { member, origin } of given.flatMap(offerIn)) {
      if (origin === 'source') status.agreed(member, time)
      forget(member)
    }
    tryAgain(refused)
  }

  function forget(member: Member): void {
    refused.delete(member)
    heldUp.delete(member)
  }

  function tryAgain(waiting: Set<Member>): void {
    for (const member of waiting) loads.one(member)
    waiting.clear()
  }

  function fail({ faults, given }: Failed, time: number): LoadOutcome {
    for (const fault of faults) status.failed(fault, time)
    for (const { member } of given.flatMap(offerIn)) heldUp.add(member)
    for (const { member, error } of faults) {
      heldUp.delete(member)
      if (error.fault !== 'absent') refused.add(member)
    }
    const outcome = failedOutcome(faults, members.length > 1)
    // Where a part of the set is there, policy is not absent: who forbids must not be silenced by taking away another.
    const isPartly = outcome.fault === 'absent' && given.some(({ type }) => type === 'offered')
    inForce.leave(isPartly ? 'check' : outcome.fault, outcome.error)
    return outcome
  }

  function tell(outcome: LoadOutcome): void {
    try {
      options.report(outcome, status.of(inForce.current()))
    } catch {
      // The policy in force does not depend on whether somebody could be told of it.
    }
  }

  return {
    start() {
      for (const member of members) member.source.watch(() => loads.one(member))
      return loads.everything()
    },
    reload: () => loads.everything(),
    status: () => status.of(inForce.current()),
    async close() {
      closing.abort()
      await Promise.allSettled(members.map(({ source }) => source.close()))
      await loads.end()
    },
  }
}

type Assembled = Attempt & { readonly type: 'assembled' }
type Failed = Attempt & { readonly type: 'failed' }
