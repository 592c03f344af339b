import { expect, test } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.js'

function metricsOf() {
  return createMetrics({
    version: '0.0.0',
    mode: 'enforce',
    isKnownKind: () => true,
    sessions: () => 0,
    queuedRecords: () => 0,
  })
}

test('what a candidate did is counted, in series that begin at 0', async () => {
  const metrics = metricsOf()
  expect(await metrics.text()).toContain(
    'portcullis_candidate_disagreements_total{hook="post",change="deny_to_allow"} 0',
  )
  metrics.candidateJudged('pre')
  metrics.candidateDisagreed('post', 'deny_to_allow')
  metrics.candidateMissed('busy')
  const text = await metrics.text()
  expect(text).toContain('portcullis_candidate_judged_total{hook="pre"} 1')
  expect(text).toContain(
    'portcullis_candidate_disagreements_total{hook="post",change="deny_to_allow"} 1',
  )
  expect(text).toContain('portcullis_candidate_dropped_total{reason="busy"} 1')
})

test('fuel is counted by hook, into powers of 4', async () => {
  const metrics = metricsOf()
  metrics.fuelUsed('pre', 5000)
  metrics.fuelUsed('pre', 3_000_000_000)
  const text = await metrics.text()
  expect(text).toContain('portcullis_policy_fuel_bucket{le="4096",hook="pre"} 0')
  expect(text).toContain('portcullis_policy_fuel_bucket{le="16384",hook="pre"} 1')
  expect(text).toContain('portcullis_policy_fuel_bucket{le="+Inf",hook="pre"} 2')
  expect(text).toContain('portcullis_policy_fuel_sum{hook="pre"} 3000005000')
  expect(text).toContain('portcullis_policy_fuel_count{hook="post"} 0')
})
