import { describe, expect, test } from 'vitest'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.js'

function metricsWith(changes: Partial<Parameters<typeof createMetrics>[0]> = {}): Metrics {
  return createMetrics({
    version: '1.2.3',
    mode: 'enforce',
    isKnownKind: (kind) => kind === 'tools/call',
    sessions: () => 0,
    queuedRecords: () => 0,
    ...changes,
  })
}

/** The value of a series, whatever the order of its labels; undefined where it is not there. */
async function valueOf(metrics: Metrics, name: string, labels: Record<string, string> = {}) {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  for (const line of (await metrics.text()).split('\n')) {
    const match = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line)
    const found = match?.[2]?.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []
    if (match?.[1] === name && found.sort().join() === wanted.sort().join()) return Number(match[3])
  }
  return undefined
}

test('every metric of the contract is there from the start', async () => {
  const text = await metricsWith().text()
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  )
  expect(names).toEqual(
    expect.arrayContaining([
      'policy_eval_ms histogram',
      'portcullis_policy_eval_duration_seconds histogram',
      'portcullis_build_info gauge',
      'portcullis_decisions_total counter',
      'portcullis_policy_errors_total counter',
      'portcullis_fail_open_total counter',
      'portcullis_bundle_info gauge',
      'portcullis_bundle_loads_total counter',
      'portcullis_bundle_last_success_timestamp_seconds gauge',
      'portcullis_request_duration_seconds histogram',
      'portcullis_upstream_duration_seconds histogram',
      'portcullis_sessions gauge',
      'portcullis_decision_log_queue_records gauge',
      'portcullis_decision_log_write_failures_total counter',
      'process_cpu_user_seconds_total counter',
      'nodejs_eventloop_lag_seconds gauge',
    ]),
  )
  expect(new Set(names).size).toBe(names.length)
})

test('series of closed label sets begin at 0', async () => {
  const metrics = metricsWith()
  const zeros = [
    valueOf(metrics, 'portcullis_policy_errors_total', { cause: 'budget' }),
    valueOf(metrics, 'portcullis_bundle_loads_total', { outcome: 'failed' }),
    valueOf(metrics, 'portcullis_fail_open_total'),
    valueOf(metrics, 'policy_eval_ms_count', { hook: 'post', effect: 'deny' }),
    valueOf(metrics, 'portcullis_decisions_total', {
      hook: 'pre',
      kind: 'tools/call',
      effect: 'deny',
      mode: 'enforce',
    }),
  ]
  expect(await Promise.all(zeros)).toEqual([0, 0, 0, 0, 0])
})

describe('the time of an evaluation', () => {
  test('stands in milliseconds and in seconds, with the buckets of the contract', async () => {
    const metrics = metricsWith()
    metrics.evaluated('pre', 'allow', 70)
    metrics.evaluated('pre', 'allow', 3000)
    const labels = { hook: 'pre', effect: 'allow' }
    const text = await metrics.text()
    const bounds = (name: string): string[] =>
      [
        ...text.matchAll(
          new RegExp(`^${name}_bucket\\{le="([^"]+)",hook="pre",effect="allow"`, 'gm'),
        ),
      ].map(([, bound]) => bound ?? '')
    expect(bounds('policy_eval_ms')).toEqual('0.05 0.1 0.25 0.5 1 2 5 10 25 50 100 +Inf'.split(' '))
    const seconds = 'portcullis_policy_eval_duration_seconds'
    expect(bounds(seconds).map(Number).slice(0, -1)).toEqual(
      [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100].map((ms) => ms / 1000),
    )
    expect(bounds(seconds).at(-1)).toBe('+Inf')
    expect(await valueOf(metrics, 'policy_eval_ms_sum', labels)).toBeCloseTo(3.07)
    expect(await valueOf(metrics, `${seconds}_sum`, labels)).toBeCloseTo(0.00307)
    expect(await valueOf(metrics, `${seconds}_count`, labels)).toBe(2)
    expect(await valueOf(metrics, `${seconds}_bucket`, { ...labels, le: '0.0001' })).toBe(1)
    expect(await valueOf(metrics, `${seconds}_bucket`, { ...labels, le: '0.005' })).toBe(2)
  })
})

test('a kind that is not in the table of methods counts as other', async () => {
  const metrics = metricsWith()
  const decision = { hook: 'pre', effect: 'deny', mode: 'enforce' } as const
  metrics.decided({ ...decision, kind: 'made/up-by-a-caller' })
  metrics.requestEnded('made/up-by-a-caller', 'refused', 0.2)
  expect(await metrics.text()).not.toContain('made/up')
  const labels = { ...decision, kind: 'other' }
  expect(await valueOf(metrics, 'portcullis_decisions_total', labels)).toBe(1)
  expect(
    await valueOf(metrics, 'portcullis_request_duration_seconds_count', {
      kind: 'other',
      outcome: 'refused',
    }),
  ).toBe(1)
})

test('only bundles in force have a series, one each', async () => {
  const metrics = metricsWith()
  const named = (revision: string, digest: string) => ({ name: digest, revision, digest })
  metrics.bundles.inForce([named('r1', 'd1')])
  metrics.bundles.inForce([named('r2', 'd2'), named('r3', 'd3')])
  metrics.bundles.standing({ lastSuccess: 2500, cached: [] })
  const name = 'portcullis_bundle_info'
  expect(await valueOf(metrics, name, { revision: 'r1', digest: 'd1' })).toBeUndefined()
  expect(await valueOf(metrics, name, { revision: 'r2', digest: 'd2' })).toBe(1)
  expect(await valueOf(metrics, name, { revision: 'r3', digest: 'd3' })).toBe(1)
  expect(await valueOf(metrics, 'portcullis_bundle_last_success_timestamp_seconds')).toBe(2.5)
})

test('a revision cannot break the text that is scraped', async () => {
  const metrics = metricsWith()
  metrics.bundles.inForce([{ name: 'n', revision: 'a"b\nc\\ policy_eval_ms', digest: 'd' }])
  const text = await metrics.text()
  expect(text).toContain(String.raw`revision="a\"b\nc\\ policy_eval_ms"`)
  expect(text.match(/^portcullis_bundle_info\{/gm)).toHaveLength(1)
})

test('gauges are read when they are scraped', async () => {
  let sessions = 1
  const metrics = metricsWith({ sessions: () => sessions, queuedRecords: () => 7 })
  expect(await valueOf(metrics, 'portcullis_sessions')).toBe(1)
  sessions = 2
  expect(await valueOf(metrics, 'portcullis_sessions')).toBe(2)
  expect(await valueOf(metrics, 'portcullis_decision_log_queue_records')).toBe(7)
  const labels = { version: '1.2.3', node: process.version }
  expect(await valueOf(metrics, 'portcullis_build_info', labels)).toBe(1)
})

test('two gateways in one process count apart', async () => {
  const one = metricsWith()
  const other = metricsWith()
  one.failedOpen()
  expect(await valueOf(one, 'portcullis_fail_open_total')).toBe(1)
  expect(await valueOf(other, 'portcullis_fail_open_total')).toBe(0)
})
