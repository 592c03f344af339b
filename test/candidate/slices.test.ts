import { expect, test } from 'vitest'
import { createSlices } from '../../src/candidate/slices.js'

const limits = { share: 0.1, burstMs: 25, most: 3 }

/** Time that passes when it is told to, and the one thing that is planned. */
function scene() {
  let now = 0
  let planned: { readonly in: number | 'next turn'; readonly run: () => void } | undefined
  const plan = (when: number | 'next turn', run: () => void) => {
    planned = { in: when, run }
    return () => void (planned = undefined)
  }
  const slices = createSlices(limits, {
    now: () => now,
    soon: (run) => plan('next turn', run),
    after: plan,
  })
  return {
    slices,
    pass: (ms: number) => void (now += ms),
    planned: () => planned?.in,
    /** Lets the time pass for which it waits, and what was planned happen. */
    go: () => {
      const next = planned
      planned = undefined
      now += next === undefined || next.in === 'next turn' ? 0 : next.in
      next?.run()
    },
  }
}

test('work is done in order, one piece a turn of the event loop', () => {
  const { slices, go, planned } = scene()
  const done: number[] = []
  for (const n of [1, 2, 3]) slices.add(() => done.push(n))
  expect(done).toEqual([])
  go()
  expect([done, planned()]).toEqual([[1], 'next turn'])
  go()
  expect([done, planned()]).toEqual([[1, 2], 'next turn'])
  go()
  expect([done, planned()]).toEqual([[1, 2, 3], undefined])
})

test('work beyond what may wait is turned away, until some of it is done', () => {
  const { slices, go } = scene()
  const none = (): void => undefined
  expect([1, 2, 3, 4].map(() => slices.add(none))).toEqual([true, true, true, false])
  go()
  expect([slices.add(none), slices.add(none)]).toEqual([true, false])
})

test('long work is followed by a pause in proportion', () => {
  const { slices, go, pass, planned } = scene()
  slices.add(() => pass(35))
  slices.add(() => pass(1))
  slices.add(() => undefined)
  go()
  // Of 35 ms 25 may be used at once: the other 10 are a tenth of 100.
  expect(planned()).toBeCloseTo(100)
  go()
  expect(planned()).toBeCloseTo(10)
})

test('a pause without work earns no more than one burst', () => {
  const { slices, go, pass, planned } = scene()
  slices.add(() => pass(25))
  go()
  pass(1_000_000)
  slices.add(() => pass(30))
  slices.add(() => undefined)
  go()
  expect(planned()).toBeCloseTo(50)
})

test('what waits when it closes is not done, nor what comes after', () => {
  const { slices, go, planned } = scene()
  const done: number[] = []
  slices.add(() => done.push(1))
  slices.close()
  slices.add(() => done.push(2))
  expect(planned()).toBeUndefined()
  go()
  expect(done).toEqual([])
})
