import { createBundleCache, noCache } from '../../src/bundles/cache.js'
import type { KeepingFault } from '../../src/bundles/keeping.js'
import { createLedger } from '../../src/bundles/ledger.js'
import { createLoader, type Loader } from '../../src/bundles/loader.js'
import type { Member } from '../../src/bundles/members.js'
import { openArchive } from '../../src/bundles/opened.js'
import type { LoadOutcome } from '../../src/bundles/outcome.js'
import type { BundleSource, Fetched } from '../../src/bundles/source.js'
import type { AssemblyParts } from '../../src/bundles/assemble.js'
import type { OfferParts } from '../../src/bundles/offers.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import type { Policy } from '../../src/domain/ports.js'
import { createActivePolicy } from '../../src/policy/active-policy.js'
import { createPolicySet } from '../../src/policy/policy-set.js'
import { bundleOf, manifestOf, tarGz } from './archives.js'

export const maxBytes = 1024 * 1024

const loaders: Loader[] = []

/** Closes every loader that a test has made. */
export async function closeLoaders(): Promise<void> {
  for (const loader of loaders.splice(0)) await loader.close()
}

/** An archive of nothing but its name and a module. */
export const version = (revision: string, manifest: object = {}): Buffer =>
  bundleOf({ '.manifest': manifestOf({ revision, ...manifest }) })

export const dataBundle = (revision: string, roots: readonly string[], data: object): Buffer =>
  tarGz([
    { name: '.manifest', content: JSON.stringify({ revision, roots }) },
    { name: 'data.json', content: JSON.stringify(data) },
  ])

/** A policy of nothing but its name: what loading is about. */
export function namedPolicy(identity: { revision: string; digest: string }): Policy {
  const unused = (): never => {
    throw new Error('not asked for a decision here')
  }
  return {
    revision: identity.revision,
    digest: identity.digest,
    hooks: { pre: true, post: false, list: false },
    evaluate: unused,
    list: unused,
    redacts: () => false,
    retire: () => undefined,
  }
}

export interface MemorySource {
  readonly source: BundleSource
  readonly change: () => void
  readonly accepted: () => number
}

/** A source in memory: each fetch gives what `supply` makes then. */
export function memorySource(
  supply: () => Promise<Fetched | Buffer> | Fetched | Buffer,
  name = 'memory',
): MemorySource {
  let notify: () => void = () => undefined
  let accepted = 0
  const source: BundleSource = {
    name,
    fetch: async () => {
      const given = await supply()
      // The loader takes the bytes over.
      return Buffer.isBuffer(given) ? { type: 'archive', bytes: Buffer.from(given) } : given
    },
    accepted: () => (accepted += 1),
    watch: (onChange) => (notify = onChange),
    close: () => Promise.resolve(),
  }
  return { source, change: () => notify(), accepted: () => accepted }
}

export function absent(message = 'nothing there'): never {
  throw new PolicySupplyError('absent', message)
}

export function memberOf(source: BundleSource, more: Partial<Member> = {}): Member {
  const trust = { sha256: undefined, keys: [], requireSignature: false }
  return { name: 'policy', layer: 'organisation', scope: {}, source, trust, ...more }
}

export interface LoadingOptions extends Partial<Pick<AssemblyParts, 'compile'>> {
  readonly open?: OfferParts['open']
  readonly folder?: string
  readonly allowRollback?: boolean
  readonly patienceMs?: number
  readonly report?: (outcome: LoadOutcome) => void
}

/** A loader of real parts, but for the compiler. */
export function loading(members: readonly Member[], options: LoadingOptions = {}) {
  const { folder, allowRollback = false } = options
  const active = createActivePolicy()
  const outcomes: LoadOutcome[] = []
  const keepingFaults: KeepingFault[] = []
  let heard: () => void = () => undefined
  let time = 1000
  const loader = createLoader({
    members,
    maxBytes,
    open: options.open ?? openArchive,
    compile:
      options.compile ?? ((_bundle, _mounted, identity) => Promise.resolve(namedPolicy(identity))),
    combine: createPolicySet,
    cache: folder === undefined ? noCache : createBundleCache(folder, maxBytes),
    ledger: createLedger({ folder, allowRollback }),
    active,
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
    report: (outcome) => {
      outcomes.push(outcome)
      options.report?.(outcome)
      heard()
    },
    onKeepingFault: (fault) => keepingFaults.push(fault),
    now: () => (time += 1),
  })
  loaders.push(loader)
  const revision = (): string => {
    const state = active.current()
    return state.state === 'active' ? state.policy.revision : state.state
  }
  /** Until so many loads were told of. */
  const untilReports = async (count: number): Promise<void> => {
    while (outcomes.length < count) await new Promise<void>((resolve) => (heard = resolve))
  }
  const untilReport = async (wanted: (outcome: LoadOutcome) => boolean): Promise<void> => {
    while (!outcomes.some(wanted)) await new Promise<void>((resolve) => (heard = resolve))
  }
  return { loader, active, outcomes, keepingFaults, revision, untilReport, untilReports }
}
