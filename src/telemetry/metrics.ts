import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Effect, FaultCause, Hook, Mode } from '../domain/decision.js'
import type { CallResult, ReloadEntry } from '../domain/entry.js'
import { createHistogram } from './histogram.js'

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
  decided(decision: { hook: Hook; kind: string; effect: Effect; mode: Mode }): void
  policyErred(cause: FaultCause): void
  failedOpen(): void
  bundleLoaded(outcome: ReloadEntry['outcome']): void
  /** The bundle in force; it replaces the one before. */
  bundleInForce(bundle: { revision: string; digest: string; timeMs: number }): void
  bundleConfirmed(timeMs: number): void
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
  const bundle = bundleMetrics(registers)
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
    upstreamFailed: (server) => failures.calls.inc({ server }),
    serverLeftOut: (server) => failures.leftOut.inc({ server }),
    bundleLoaded: (outcome) => bundle.loads.inc({ outcome }),
    bundleInForce({ revision, digest, timeMs }) {
      bundle.info.reset()
      bundle.info.set({ revision, digest }, 1)
      bundle.lastSuccess.set(timeMs / 1000)
    },
    bundleConfirmed: (timeMs) => bundle.lastSuccess.set(timeMs / 1000),
    requestEnded: (kind, outcome, seconds) =>
      traffic.requests.of(kindOf(kind), outcome).observe(seconds),
    upstreamAnswered: (server, seconds) => traffic.upstreams.of(server, '').observe(seconds),
    logWriteFailed: () => logFailures.inc(),
    text: () => withSeconds(registry),
    contentType: registry.contentType,
  }
}

function policyMetrics(mode: Mode, registry: Registry) {
  const registers = [registry]
  const inMs = createHistogram(
    {
      name: evalMsName,
      help: 'Time that one evaluation of policy took, milliseconds',
      labelNames: ['hook', 'effect'],
      buckets: evalBucketsMs,
    },
    registry,
  )
  const decisions = new Counter({
    name: 'portcullis_decisions_total',
    help: 'Decisions, by what policy said; in audit-only and warn they had no effect',
    labelNames: ['hook', 'kind', 'effect', 'mode'],
    registers,
  })
  const errors = new Counter({
    name: 'portcullis_policy_errors_total',
    help: 'Decisions that policy could not make, by cause',
    labelNames: ['cause'],
    registers,
  })
  const failOpen = new Counter({
    name: 'portcullis_fail_open_total',
    help: 'Calls that passed unjudged because no policy was there and the configuration says to fail open',
    registers,
  })
  for (const hook of hooks) {
    for (const effect of effects) {
      inMs.of(hook, effect)
    }
  }
  for (const cause of causes) errors.inc({ cause }, 0)
  for (const kind of mainKinds) {
    for (const effect of effects) decisions.inc({ hook: 'pre', kind, effect, mode }, 0)
  }

  return {
    errors,
    failOpen,
    evaluated(hook: Hook, effect: Effect, us: number) {
      inMs.of(hook, effect).observe(us / 1000)
    },
    decided(hook: Hook, kind: string, effect: Effect, mode: Mode) {
      decisions.inc({ hook, kind, effect, mode })
    },
  }
}

function bundleMetrics(registers: Registry[]) {
  const loads = new Counter({
    name: 'portcullis_bundle_loads_total',
    help: 'Attempts to load the policy bundle, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of loadOutcomes) loads.inc({ outcome }, 0)
  return {
    loads,
    info: new Gauge({
      name: 'portcullis_bundle_info',
      help: 'The policy bundle in force',
      labelNames: ['revision', 'digest'],
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'portcullis_bundle_last_success_timestamp_seconds',
      help: 'When the bundle was last loaded, or found unchanged; 0 where it never was',
      registers,
    }),
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

/**
 * Adds the same histogram in base units. It is made from the text when it is scraped, because a second
 * observation of every evaluation would cost each call more than all scrapes together.
 */
async function withSeconds(registry: Registry): Promise<string> {
  const [text, inMs] = await Promise.all([
    registry.metrics(),
    registry.getSingleMetricAsString(evalMsName),
  ])
  return `${text}\n${inMs.split('\n').map(inSeconds).join('\n')}\n`
}

function inSeconds(line: string): string {
  const renamed = line.replace(evalMsName, 'portcullis_policy_eval_duration_seconds')
  if (line.startsWith('#')) return renamed.replace('milliseconds', 'seconds')
  if (line.startsWith(`${evalMsName}_sum`)) return renamed.replace(/[^ ]+$/, thousandth)
  return renamed.replace(/(?<=le=")[0-9.]+/, thousandth)
}

function thousandth(value: string): string {
  return String(Number(value) / 1000)
}

const evalMsName = 'policy_eval_ms'
const evalBucketsMs = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100]
const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]

// Series that begin at 0, so that the first increase is not lost to `rate`.
const mainKinds = ['tools/call', 'resources/read', 'prompts/get']
const hooks = keysOf<Hook>({ pre: true, post: true, list: true })
const effects = keysOf<Effect>({ allow: true, dry_run: true, ask: true, deny: true })
const loadOutcomes = keysOf<ReloadEntry['outcome']>({
  activated: true,
  unchanged: true,
  failed: true,
})
const causes = keysOf<FaultCause>({
  undefined: true,
  conflict: true,
  trap: true,
  builtin: true,
  invalid_result: true,
  input: true,
  input_too_large: true,
  obligation: true,
  budget: true,
})

/** Every member of a closed set: one that is added does not compile until it is listed. */
function keysOf<Name extends string>(set: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(set) as Name[]
}
