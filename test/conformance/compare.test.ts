import { expect, test } from 'vitest'
import { differencesBetween, reasonFor, type Checked } from './compare.mjs'

const checks = (statuses: Record<string, string>): Map<string, Checked> =>
  new Map(Object.entries(statuses).map(([check, status]) => [check, { status }]))

test('only a check that has the same status on both sides is no difference', () => {
  const direct = checks({ same: 'SUCCESS', worse: 'SUCCESS', quieter: 'WARNING', lost: 'INFO' })
  const through = checks({ same: 'SUCCESS', worse: 'FAILURE', quieter: 'INFO', more: 'SUCCESS' })
  const found = differencesBetween(direct, through).map((one) => [
    one.check,
    one.direct,
    one.through,
  ])
  expect(found).toEqual([
    ['worse', 'SUCCESS', 'FAILURE'],
    ['quieter', 'WARNING', 'INFO'],
    ['lost', 'INFO', 'absent'],
    ['more', 'absent', 'SUCCESS'],
  ])
})

test('a difference is expected on its own target and revision, and with its own outcome', () => {
  const entry = {
    target: 'stdio',
    revision: '2025-11-25',
    check: 'server-sse-polling/*',
    through: 'WARNING',
    reason: 'a child has no streams to resume',
  }
  const difference = { check: 'server-sse-polling/priming', direct: 'SUCCESS', through: 'WARNING' }
  const found = { target: 'stdio', revision: '2025-11-25', difference }
  expect(reasonFor(found, [entry])).toBe(entry.reason)
  for (const other of [
    { ...found, target: 'http' },
    { ...found, revision: '2026-07-28' },
    { ...found, difference: { ...difference, through: 'FAILURE' } },
    { ...found, difference: { ...difference, check: 'ping/ping' } },
  ]) {
    expect(reasonFor(other, [entry])).toBeUndefined()
  }
})
