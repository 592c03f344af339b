import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Missed } from '../domain/candidate.js'
import type { Effect, FaultCause, Hook, Mode } from '../domain/decision.js'
import type { CallResult, CandidateChange } from '../domain/entry.js'
import { type BundleMetrics, bundleMetrics } from './bundle-metrics.js'
import { candidateMetrics } from './candidate-metrics.js'
import { createHistogram } from './histogram.js'
import { policyMetrics, withSeconds } from './policy-metrics.js'

export interface MetricsOptions {
  readonly version: string
  readonly mode: Mode
  /** Whether the method has a row in the table of methods; any other counts as `other`. */
  readonly isKnownKind: (kind: string) => boolean
  /** Sessions that are open now. */
  readonly sessions: () => number
  /** Lines of the decision log that are not yet written. */
  readonly queuedRecords: () => number
}

/** Prometheus metrics of one gateway. Every label comes from a small closed set. */
export interface Metrics {
  evaluated(hook: Hook, effect: Effect, us: number): void
  /** What one evaluation took of its budget, which does not depend on the machine. */
  fuelUsed(hook: Hook, fuel: number): void
  decided(decision: { hook: Hook; kind: string; effect: Effect; mode: Mode }): void
  policyErred(cause: FaultCause): void
  failedOpen(): void
  candidateJudged(hook: Hook): void
  candidateDisagreed(hook: Hook, change: CandidateChange): void
  candidateMissed(why: Missed): void
  readonly bundles: BundleMetrics
  requestEnded(kind: string, outcome: CallResult['end'], seconds: number): void
  upstreamAnswered(server: string, seconds: number): void
  upstreamFailed(server: string): void
  serverLeftOut(server: string): void
  logWriteFailed(): void
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const policy = policyMetrics(options.mode, registry)
  const candidate = candidateMetrics(registers)
  const traffic = trafficMetrics(registry)
  const logFailures = new Counter({
    name: 'portcullis_decision_log_write_failures_total',
    help: 'Writes to the decision log that failed',
    registers,
  })
  const failures = upstreamFailures(registers)
  registerGauges(options, registers)
  const kindOf = (kind: string): string => (options.isKnownKind(kind) ? kind : 'other')

  return {
    evaluated: (hook, effect, us) => policy.evaluated(hook, effect, us),
    decided: ({ hook, kind, effect, mode }) => policy.decided(hook, kindOf(kind), effect, mode),
    policyErred: (cause) => policy.errors.inc({ cause }),
    failedOpen: () => policy.failOpen.inc(),
    fuelUsed: (hook, fuel) => policy.fuel.of(hook, '').observe(fuel),
    candidateJudged: (hook) => candidate.judged(hook),
    candidateDisagreed: (hook, change) => candidate.disagreed(hook, change),
    candidateMissed: (why) => candidate.missed(why),
    upstreamFailed: (server) => failures.calls.inc({ server }),
    serverLeftOut: (server) => failures.leftOut.inc({ server }),
    bundles: bundleMetrics(registers),
    requestEnded: (kind, outcome, seconds) =>
      traffic.requests.of(kindOf(kind), outcome).observe(seconds),
    upstreamAnswered: (server, seconds) => traffic.upstreams.of(server, '').observe(seconds),
    logWriteFailed: () => logFailures.inc(),
    text: () => withSeconds(registry),
    contentType: registry.contentType,
  }
}

function trafficMetrics(registry: Registry) {
  const buckets = durationBuckets
  return {
    requests: createHistogram(
      {
        name: 'portcullis_request_duration_seconds',
        help: 'Time from the arrival of a call to its end, by how it ended',
        labelNames: ['kind', 'outcome'],
        buckets,
      },
      registry,
    ),
    upstreams: createHistogram(
      {
        name: 'portcullis_upstream_duration_seconds',
        help: 'Time until the headers of the upstream were there',
        labelNames: ['server', ''],
        buckets,
      },
      registry,
    ),
  }
}

function upstreamFailures(registers: Registry[]) {
  return {
    calls: new Counter({
      name: 'portcullis_upstream_failures_total',
      help: 'Exchanges with an upstream that failed',
      labelNames: ['server'],
      registers,
    }),
    leftOut: new Counter({
      name: 'portcullis_servers_left_out_total',
      help: 'Merged answers that a server should have had a part in and had not',
      labelNames: ['server'],
      registers,
    }),
  }
}

function registerGauges(
  { version, sessions, queuedRecords }: MetricsOptions,
  registers: Registry[],
) {
  new Gauge({
    name: 'portcullis_build_info',
    help: 'Version of the gateway and of Node',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  new Gauge({
    name: 'portcullis_sessions',
    help: 'Sessions that are open',
    registers,
    collect() {
      this.set(sessions())
    },
  })
  new Gauge({
    name: 'portcullis_decision_log_queue_records',
    help: 'Lines of the decision log that are not yet written',
    registers,
    collect() {
      this.set(queuedRecords())
    },
  })
}

const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]
