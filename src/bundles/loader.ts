import type { Bundle } from '../domain/bundle.js'
import { PolicySupplyError, type SupplyFault } from '../domain/errors.js'
import type { Policy } from '../domain/ports.js'
import { readArchive } from './archive.js'
import { checkDigest, digestOf } from './hash.js'
import type { BundleSource } from './source.js'

export interface LoaderOptions {
  readonly source: BundleSource
  readonly check: { readonly maxBytes: number; readonly sha256: string | undefined }
  readonly compile: (bundle: Bundle) => Promise<Policy>
  readonly active: Activation
  /** Hears of every load, before its promise resolves. */
  readonly report: (outcome: LoadOutcome) => void
  readonly now: () => number
}

/** Where the policy in force is kept. `refuse` and `markAbsent` are called only while nothing was ever activated. */
export interface Activation {
  activate(policy: Policy): void
  refuse(fault: SupplyFault, message: string): void
  markAbsent(message: string): void
}

export interface Loader {
  /** The first load; from here on changes of the source are followed. */
  start(): Promise<LoadOutcome>
  /** Never rejects. Asked for during a load, it resolves with one that began afterwards. */
  reload(): Promise<LoadOutcome>
  status(): LoadStatus
  close(): Promise<void>
}

export type LoadOutcome = LoadedOutcome | FailedOutcome

export interface LoadedOutcome {
  readonly outcome: 'activated' | 'unchanged'
  readonly revision: string
  readonly digest: string
  readonly source: string
  readonly error: ''
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

export interface LoadStatus {
  readonly source: string
  readonly activeRevision: string | undefined
  readonly activeDigest: string | undefined
  /** When the source and the policy in force last agreed: milliseconds since the epoch. */
  readonly lastSuccess: number | undefined
  /** Why the last load failed; undefined when it did not. */
  readonly lastError:
    { readonly time: number; readonly fault: SupplyFault; readonly message: string } | undefined
}

/**
 * The one way in which a bundle comes into force, for signals, watchers and polls alike: fetch, pin,
 * unpack, compile, activate. Whatever goes wrong on the way, the last good one stays.
 */
export function createLoader(options: LoaderOptions): Loader {
  const { source, active, now } = options
  const closing = new AbortController()
  const loadOne = createLoad(options, closing.signal)
  let status: LoadStatus = {
    source: source.name,
    activeRevision: undefined,
    activeDigest: undefined,
    lastSuccess: undefined,
    lastError: undefined,
  }
  let refused = false

  async function load(): Promise<LoadOutcome> {
    const outcome = await loadOne(status)
    if (outcome.outcome === 'failed') keepLastGood(outcome)
    else {
      const { revision, digest } = outcome
      status = {
        ...status,
        activeRevision: revision,
        activeDigest: digest,
        lastSuccess: now(),
        lastError: undefined,
      }
    }
    if (!closing.signal.aborted) tell(outcome)
    return outcome
  }

  function tell(outcome: LoadOutcome): void {
    try {
      options.report(outcome)
    } catch {
      // The policy in force does not depend on whether somebody could be told of it.
    }
  }

  function keepLastGood({ fault, error }: FailedOutcome): void {
    status = { ...status, lastError: { time: now(), fault, message: error } }
    if (status.activeDigest !== undefined || closing.signal.aborted) return
    // A refused bundle that then cannot be had is still a refused one: an outage does not loosen anything.
    refused ||= fault !== 'absent'
    if (fault !== 'absent') active.refuse(fault, error)
    else if (!refused) active.markAbsent(error)
  }

  const reload = oneAtATime(load)
  return {
    start() {
      source.watch(() => void reload())
      return reload()
    },
    reload,
    status: () => status,
    async close() {
      closing.abort()
      await source.close()
      await reload.settled()
    },
  }
}

/** A load as a value: what it did, or why it failed. */
function createLoad(options: LoaderOptions, closing: AbortSignal) {
  const { source, check, compile, active } = options

  return async function loadOne(before: LoadStatus): Promise<LoadOutcome> {
    let candidate = { revision: '', digest: '' }
    try {
      const fetched = await source.fetch(closing)
      if (fetched.type === 'unchanged') return unchanged(before)
      candidate = { revision: '', digest: digestOf(fetched.bytes) }
      if (check.sha256 !== undefined) checkDigest(fetched.bytes, check.sha256)
      if (candidate.digest === before.activeDigest) {
        source.accepted()
        return unchanged(before)
      }
      const bundle = await readArchive(fetched.bytes, check)
      candidate = { revision: bundle.revision, digest: bundle.digest }
      const policy = await compile(bundle)
      closing.throwIfAborted()
      active.activate(policy)
      source.accepted()
      return { outcome: 'activated', ...candidate, source: source.name, error: '' }
    } catch (thrown) {
      const { fault, message, cause } = asSupplyError(thrown, closing.aborted)
      return { outcome: 'failed', ...candidate, source: source.name, error: message, fault, cause }
    }
  }
}

function unchanged(status: LoadStatus): LoadedOutcome {
  const { activeRevision, activeDigest, source } = status
  if (activeRevision === undefined || activeDigest === undefined) {
    throw new PolicySupplyError('absent', `${source} gave no bundle, and none is in force`)
  }
  return { outcome: 'unchanged', revision: activeRevision, digest: activeDigest, source, error: '' }
}

function asSupplyError(thrown: unknown, closed: boolean): PolicySupplyError {
  if (thrown instanceof PolicySupplyError) return thrown
  const message = closed
    ? 'The gateway is shutting down'
    : 'The bundle could not be loaded for an unexpected reason'
  return new PolicySupplyError('check', message, { cause: thrown })
}

/** Runs `task` once at a time; calls during a run share one more run after it. */
function oneAtATime<T>(task: () => Promise<T>): (() => Promise<T>) & { settled(): Promise<void> } {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined

  function run(): Promise<T> {
    if (running === undefined) {
      running = task().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running.then(again, again)
    return next
  }

  function again(): Promise<T> {
    next = undefined
    return run()
  }

  async function settled(): Promise<void> {
    while (running !== undefined || next !== undefined) await Promise.allSettled([running, next])
  }

  return Object.assign(run, { settled })
}
