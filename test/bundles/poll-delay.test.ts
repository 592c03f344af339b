import { describe, expect, test } from 'vitest'
import { backOffMs, pollDelayMs, retryAfterMs } from '../../src/bundles/poll-delay.js'

const at = (random: number, intervalMs = 60_000) => ({ intervalMs, random: () => random })

describe('the time to the next poll', () => {
  test('is the interval, give or take a tenth', () => {
    expect([0, 0.5, 1].map((random) => pollDelayMs(at(random)))).toEqual([54_000, 60_000, 66_000])
  })

  test('is a second after the first failures, then grows twice as long each time, up to the interval', () => {
    const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1000]
    expect(counts.map((count) => backOffMs(count, at(0.5)))).toEqual([
      1_000, 1_000, 1_000, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000,
    ])
  })

  test('is spread by a quarter after a failure', () => {
    expect([0, 1].map((random) => backOffMs(10, at(random)))).toEqual([45_000, 75_000])
  })

  test('is never longer than the interval by more than that', () => {
    expect(backOffMs(1, at(1, 400))).toBe(500)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-20T10:00:00Z')

  test.each([
    ['120', 120_000],
    ['0', 1_000],
    ['999999999', 600_000],
    ['Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2020 10:00:30 GMT', 1_000],
    ['Fri, 20 Nov 2099 10:00:30 GMT', 600_000],
  ])('of %s asks for %i ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms)
  })

  test.each([undefined, '', 'soon', '1e3'])('of %s asks for nothing', (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined()
  })
})
