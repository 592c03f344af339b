import { describe, expect, test } from 'vitest'
import type { DecisionEntry } from '../../src/domain/entry.js'
import { GatewayError } from '../../src/domain/errors.js'
import { createEvents } from '../../src/telemetry/events.js'
import { createOperatorLog, type LogLevel } from '../../src/telemetry/log.js'
import { createMetrics } from '../../src/telemetry/metrics.js'
import { allow, callOf, decisionEntry, deny, outcomeEntry, toolCall } from '../support/entries.js'

type Fields = Record<string, unknown>

function telemetry(level: LogLevel = 'info') {
  const lines: Fields[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Fields) }
  const log = createOperatorLog({ level, destination })
  const metrics = createMetrics({
    version: '0',
    mode: 'enforce',
    isKnownKind: () => true,
    sessions: () => 0,
    queuedRecords: () => 0,
  })
  return { lines, log, metrics, events: createEvents({ log, metrics }) }
}

describe('a decision', () => {
  test('that allows is silent above debug', () => {
    const quiet = telemetry('info')
    quiet.events.decided(decisionEntry())
    expect(quiet.lines).toEqual([])
    const loud = telemetry('debug')
    loud.events.decided(decisionEntry())
    expect(loud.lines).toMatchObject([{ level: 'debug', msg: 'decided' }])
  })

  test('that would deny is a warning that says who, what and why', () => {
    const { events, lines } = telemetry()
    events.decided(decisionEntry({ decision: deny, mode: 'audit-only', enforced: false }))
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.any(String) as unknown,
        msg: 'would_deny',
        decision_id: 'decision-1',
        call_id: 'call-1',
        hook: 'pre',
        kind: 'tools/call',
        target: { type: 'tool', name: 'weather.get' },
        server: 'weather',
        principal: 'alice@org',
        mode: 'audit-only',
        effect: 'deny',
        enforced: false,
        would_deny: true,
        code: 'policy_deny',
        reason: 'role_mismatch',
        rule: 'role_allow_list',
        message: 'would be blocked by rego: role_mismatch',
        revision: 'r1',
      },
    ])
  })

  test.each<[string, Partial<DecisionEntry>, Fields]>([
    [
      'that denies',
      { decision: deny },
      { level: 'warn', msg: 'denied', message: 'blocked by rego: role_mismatch' },
    ],
    [
      'of a rule on trial',
      {
        decision: { ...allow, trial: [{ rule: 'r9', effect: 'deny', reason: 'x', tells: false }] },
      },
      { level: 'warn', msg: 'would_deny', trial: [{ rule: 'r9', effect: 'deny', reason: 'x' }] },
    ],
    [
      'that policy could not make',
      { decision: { ...deny, code: 'policy_error', fault: 'trap' } },
      { level: 'error', msg: 'undecided', cause: 'trap' },
    ],
    [
      'without a policy',
      { decision: { ...deny, engine: 'none', code: 'policy_unavailable' } },
      { level: 'error', msg: 'undecided', cause: 'policy_unavailable' },
    ],
    [
      'that failed open',
      { decision: { ...allow, engine: 'none' }, failOpen: true, enforced: false, evalUs: 0 },
      { level: 'error', msg: 'fail_open' },
    ],
  ])('%s stands in the operator log', (_case, changes, expected) => {
    const { events, lines } = telemetry()
    events.decided(decisionEntry(changes))
    expect(lines).toMatchObject([expected])
  })

  test('moves the metrics that belong to it', async () => {
    const { events, metrics } = telemetry('silent')
    events.decided(decisionEntry({ decision: { ...deny, code: 'policy_error', fault: 'trap' } }))
    events.decided(
      decisionEntry({ decision: { ...allow, engine: 'none' }, failOpen: true, evalUs: 0 }),
    )
    const text = await metrics.text()
    expect(text).toContain(
      'portcullis_decisions_total{hook="pre",kind="tools/call",effect="deny",mode="enforce"} 1',
    )
    expect(text).toContain('portcullis_policy_errors_total{cause="trap"} 1')
    expect(text).toContain('portcullis_fail_open_total 1')
    expect(text).toContain('policy_eval_ms_count{hook="pre",effect="deny"} 1')
    expect(text).toContain('policy_eval_ms_count{hook="pre",effect="allow"} 0')
  })
})

test('a rule that could not be evaluated is counted, though no decision hung on it', async () => {
  const { events, metrics, lines } = telemetry()
  events.ruleErred('condition')
  events.ruleErred('budget')
  expect(lines).toEqual([])
  const text = await metrics.text()
  expect(text).toContain('portcullis_policy_errors_total{cause="condition"} 1')
  expect(text).toContain('portcullis_policy_errors_total{cause="budget"} 1')
})

test('the end of a call moves the duration by how it ended', async () => {
  const { events, metrics, lines } = telemetry()
  events.ended(outcomeEntry(toolCall()))
  expect(lines).toEqual([])
  expect(await metrics.text()).toContain(
    'portcullis_request_duration_seconds_sum{kind="tools/call",outcome="completed"} 0.0035',
  )
})

test('a bundle is told of as it was loaded', async () => {
  const { events, metrics, lines } = telemetry()
  const reload = {
    type: 'reload',
    time: 4000,
    outcome: 'activated',
    source: '/p/bundle.tar.gz',
    revision: 'r2',
    bundleDigest: 'd2',
    error: '',
    bundles: [
      { name: 'org', revision: 'r2', digest: 'd2' },
      { name: 'team', revision: 't1', digest: 'e1' },
    ],
    rolledBack: false,
  } as const
  const none = { ...reload, bundles: [] }
  events.reloaded(reload, { lastSuccess: 4000, cached: [] })
  events.reloaded({ ...none, outcome: 'unchanged' }, { lastSuccess: 5000, cached: [] })
  events.reloaded(
    { ...none, outcome: 'failed', error: 'cut off' },
    { lastSuccess: 5000, cached: [] },
  )
  expect(lines).toMatchObject([
    { level: 'info', msg: 'bundle_activated', revision: 'r2', bundle_digest: 'd2' },
    { level: 'error', msg: 'bundle_failed', error: 'cut off', source: '/p/bundle.tar.gz' },
  ])
  const text = await metrics.text()
  expect(text).toContain('portcullis_bundle_info{revision="r2",digest="d2"} 1')
  expect(text).toContain('portcullis_bundle_info{revision="t1",digest="e1"} 1')
  expect(text).toContain('portcullis_bundle_last_success_timestamp_seconds 5')
  for (const outcome of ['activated', 'unchanged', 'failed']) {
    expect(text).toContain(`portcullis_bundle_loads_total{outcome="${outcome}"} 1`)
  }
})

const loaded = {
  type: 'reload',
  time: 4000,
  outcome: 'activated',
  source: '/p',
  revision: 'r2',
  bundleDigest: 'd2',
  error: '',
  bundles: [{ name: 'policy', revision: 'r2', digest: 'd2' }],
  rolledBack: false,
} as const

test('a bundle from the cache, or older than the one before, is a warning', async () => {
  const { events, metrics, lines } = telemetry()
  events.reloaded(loaded, { lastSuccess: undefined, cached: ['policy'] })
  events.reloaded({ ...loaded, rolledBack: true }, { lastSuccess: 1000, cached: [] })
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'bundle_activated', from_cache: ['policy'] },
    { level: 'warn', msg: 'bundle_activated', rolled_back: true },
  ])
  expect(await metrics.text()).toContain('portcullis_bundles_from_cache 0')
})

test('a bundle that comes from the cache shows in the metrics', async () => {
  const { events, metrics } = telemetry()
  events.reloaded(loaded, { lastSuccess: undefined, cached: ['policy'] })
  const text = await metrics.text()
  expect(text).toContain('portcullis_bundles_from_cache 1')
  expect(text).toContain('portcullis_bundle_last_success_timestamp_seconds 0')
})

test('a bundle that cannot be kept is an error and a count', async () => {
  const { events, metrics, lines } = telemetry()
  events.bundleNotKept({ bundle: 'policy', what: 'bundle', error: new Error('ENOSPC') })
  expect(lines).toMatchObject([{ level: 'error', msg: 'bundle_not_kept', bundle: 'policy' }])
  expect(await metrics.text()).toContain('portcullis_bundle_cache_failures_total 1')
})

test('loads of the candidate are counted by themselves', async () => {
  const { events, metrics, lines } = telemetry()
  events.candidateReloaded({ ...loaded, outcome: 'failed', error: 'cut off', bundles: [] })
  expect(lines).toMatchObject([{ level: 'error', msg: 'candidate_failed', error: 'cut off' }])
  const text = await metrics.text()
  expect(text).toContain('portcullis_candidate_loads_total{outcome="failed"} 1')
  expect(text).toContain('portcullis_bundle_loads_total{outcome="failed"} 0')
})

test('a decision log that fails is an error and a count, with its cause', async () => {
  const { events, metrics, lines } = telemetry()
  events.logWriteFailed(new Error('outer', { cause: new Error('ENOSPC') }), 3)
  events.logRecovered()
  expect(lines).toMatchObject([
    { level: 'error', msg: 'decision_log_failed', records: 3 },
    { level: 'warn', msg: 'decision_log_recovered' },
  ])
  expect(lines[0]).toHaveProperty('err.message', 'outer: ENOSPC')
  expect(await metrics.text()).toContain('portcullis_decision_log_write_failures_total 1')
})

test('an upstream that fails is named with its code', () => {
  const { events, lines } = telemetry()
  events.upstreamFailed('weather', new GatewayError('upstream_timeout', 'No answer'))
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'upstream_failed', server: 'weather', code: 'upstream_timeout' },
  ])
})

test('a caller cannot fill the operator log with long names', () => {
  const { events, lines } = telemetry()
  const long = 'm'.repeat(2_000_000)
  const principal = { ...toolCall().principal, id: long }
  const named = callOf(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${long}"}}`,
    { principal },
  )
  events.decided(decisionEntry({ decision: deny, call: named }))
  const other = callOf(`{"jsonrpc":"2.0","id":1,"method":"${long}"}`)
  events.decided(decisionEntry({ decision: { ...deny, reason: long }, call: other }))
  const cut = `${'m'.repeat(1023)}…`
  expect(lines).toMatchObject([
    { principal: cut, target: { type: 'tool', name: cut } },
    { kind: cut, reason: cut },
  ])
  expect(JSON.stringify(lines).length).toBeLessThan(10_000)
})

test('secrets do not reach the operator log', () => {
  const { log, lines } = telemetry()
  const error = Object.assign(new Error('failed'), {
    headers: { authorization: 'Bearer s3cret' },
    options: { token: 's3cret' },
  })
  log.error({ err: error, token: 's3cret', headers: { cookie: 's3cret' } }, 'x')
  expect(lines).toMatchObject([{ token: '[redacted]', headers: '[redacted]' }])
  expect(JSON.stringify(lines)).not.toContain('s3cret')
})

test('a server that is left out is told of each time, and once that it is back', () => {
  const { events, lines } = telemetry()
  events.serverTookPart('a')
  const error = new GatewayError('upstream_unavailable', 'The upstream cannot be reached')
  events.serverLeftOut('a', 'tools/list', error)
  events.serverLeftOut('a', 'tools/list', error)
  for (const server of ['b', 'a', 'a']) events.serverTookPart(server)
  expect(lines.map(({ msg, server }) => [msg, server])).toEqual([
    ['server_left_out', 'a'],
    ['server_left_out', 'a'],
    ['server_back', 'a'],
  ])
})
