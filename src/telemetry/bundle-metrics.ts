import { Counter, Gauge, type Registry } from 'prom-client'
import type { LoadedBundle, ReloadEntry } from '../domain/entry.js'
import { keysOf } from './closed-set.js'

export interface BundleMetrics {
  loaded(outcome: ReloadEntry['outcome']): void
  /** The bundles in force; they replace those before. */
  inForce(bundles: readonly LoadedBundle[]): void
  standing(standing: SupplyStanding): void
  notKept(): void
  candidateLoaded(outcome: ReloadEntry['outcome']): void
}

/** How the bundles in force stand to their sources. */
export interface SupplyStanding {
  /** When every source last agreed with what is in force, milliseconds; undefined where one never did. */
  readonly lastSuccess: number | undefined
  /** Names of bundles that are in force from the cache. */
  readonly cached: readonly string[]
}

/** Every counter begins at 0, so that the first increase is not lost to `rate`. */
export function bundleMetrics(registers: Registry[]): BundleMetrics {
  const loads = new Counter({
    name: 'portcullis_bundle_loads_total',
    help: 'Attempts to load policy bundles, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const candidateLoads = new Counter({
    name: 'portcullis_candidate_loads_total',
    help: 'Attempts to load the bundles of the candidate policy, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of outcomes) {
    loads.inc({ outcome }, 0)
    candidateLoads.inc({ outcome }, 0)
  }
  const notKept = new Counter({
    name: 'portcullis_bundle_cache_failures_total',
    help: 'Bundles, or records of their age, that could not be kept for a restart',
    registers,
  })
  const gauges = bundleGauges(registers)
  return {
    loaded: (outcome) => loads.inc({ outcome }),
    inForce(bundles) {
      gauges.info.reset()
      for (const { revision, digest } of bundles) gauges.info.set({ revision, digest }, 1)
    },
    standing({ lastSuccess, cached }) {
      gauges.lastSuccess.set((lastSuccess ?? 0) / 1000)
      gauges.cached.set(cached.length)
    },
    notKept: () => notKept.inc(),
    candidateLoaded: (outcome) => candidateLoads.inc({ outcome }),
  }
}

function bundleGauges(registers: Registry[]) {
  return {
    info: new Gauge({
      name: 'portcullis_bundle_info',
      help: 'The policy bundles in force',
      labelNames: ['revision', 'digest'],
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'portcullis_bundle_last_success_timestamp_seconds',
      help: 'When all bundles were last loaded, or found unchanged, at their sources; 0 where one never was',
      registers,
    }),
    cached: new Gauge({
      name: 'portcullis_bundles_from_cache',
      help: 'Bundles in force that come from POLICY_CACHE_DIR because their source has nothing better',
      registers,
    }),
  }
}

const outcomes = keysOf<ReloadEntry['outcome']>({ activated: true, unchanged: true, failed: true })
