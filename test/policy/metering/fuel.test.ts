import { describe, expect, test } from 'vitest'
import { meterModule } from '../../../src/policy/metering/meter.js'
import { constant, i32, moduleOf, steer } from './modules.js'
import type { FunctionParts } from './modules.js'

const get = (local: number) => [0x20, local]
const unary = { parameters: [i32], results: [i32] }

async function metered(functions: readonly FunctionParts[], parts = {}) {
  return steer(meterModule(moduleOf({ functions, ...parts })).wasm)
}

// A global counts the depth: at 40 the function leaves, so that no stack overflows.
const depth = [0x23, 0]
const descend = [
  ...[...depth, ...constant(40), 0x4a, 0x04, 0x40, 0x0f, 0x0b],
  ...[...depth, ...constant(1), 0x6a, 0x24, 0],
]
const climb = [...depth, ...constant(1), 0x6b, 0x24, 0]

/** Turns as often as the parameter says, doing this in each. */
function turning(body: readonly number[]): FunctionParts {
  return {
    ...unary,
    code: [
      ...[0x02, 0x40, 0x03, 0x40, ...get(0), 0x45, 0x0d, 1, ...body],
      ...[...get(0), ...constant(1), 0x6b, 0x21, 0, 0x0c, 0, 0x0b, 0x0b, ...get(0)],
    ],
  }
}

describe('what would not end is stopped:', () => {
  const empty = { parameters: [], results: [] }
  const cases: Readonly<Record<string, readonly FunctionParts[]>> = {
    'a loop without a body': [{ ...empty, code: [0x03, 0x40, 0x0c, 0, 0x0b] }],
    'a loop around one that ends': [
      { ...empty, code: [0x03, 0x40, 0x03, 0x40, 0x0b, 0x0c, 0, 0x0b] },
    ],
    'a loop that is left and begun again by a branch': [
      { ...empty, code: [0x03, 0x40, 0x02, 0x40, 0x41, 1, 0x0d, 1, 0x0b, 0x0b] },
    ],
    'a loop in what a loop calls': [
      { ...empty, code: [0x03, 0x40, 0x10, 1, 0x0c, 0, 0x0b] },
      { ...unary, parameters: [], results: [], code: [0x10, 2] },
      { ...empty, code: [] },
    ],
    'functions that call the next one twice, without any loop': Array.from(
      { length: 60 },
      (_, index) => ({ ...empty, code: index < 59 ? [0x10, index + 1, 0x10, index + 1] : [] }),
    ),
    'functions that call each other twice': [
      { ...empty, code: [...descend, 0x10, 1, 0x10, 1, ...climb] },
      { ...empty, code: [...descend, 0x10, 0, 0x10, 0, ...climb] },
    ],
  }

  test.each(Object.keys(cases))('%s', async (name) => {
    const { exports, fuel } = await metered(cases[name] ?? [], {
      globals: [[i32, 1, 0x41, 0, 0x0b]],
    })
    fuel.value = 1_000_000n
    expect(() => exports['f0']?.()).toThrow('unreachable')
    expect(fuel.value).toBeLessThan(0n)
    expect(fuel.value).toBeGreaterThan(-1_000_000n)
  })

  test('start code, before the host can set any fuel', async () => {
    const functions = [{ ...empty, code: [0x03, 0x40, 0x0c, 0, 0x0b] }]
    await expect(metered(functions, { start: 0 })).rejects.toThrow('unreachable')
  })
})

describe('fuel', () => {
  test('grows with the turns of a loop, by the same for each', async () => {
    const { exports, fuelOf } = await metered([turning([])])
    const of = (turns: number) => fuelOf(() => exports['f0']?.(turns))
    const turn = of(1) - of(0)
    expect(turn).toBeGreaterThanOrEqual(8)
    expect(of(1000) - of(0)).toBe(1000 * turn)
  })

  test('is paid for what loops call, and for the loops within', async () => {
    const { exports, fuelOf } = await metered([
      turning([...constant(100), 0x10, 1, 0x1a]),
      turning([...get(0), 0x10, 2, 0x1a]),
      {
        ...unary,
        code: [
          ...get(0),
          ...Array<number[]>(20)
            .fill([...constant(3), 0x6c])
            .flat(),
        ],
      },
    ])
    const of = (turns: number) => fuelOf(() => exports['f0']?.(turns))
    expect(of(10) - of(0)).toBeGreaterThan(10 * 100 * 40)
    expect(of(10) - of(0)).toBe(10 * (of(1) - of(0)))
  })

  test('is paid for a long stretch of code only where it is executed', async () => {
    const long = Array<number[]>(200)
      .fill([...get(0), ...constant(3), 0x6c, 0x21, 0])
      .flat()
    const { exports, fuelOf } = await metered([
      { ...unary, code: [...get(0), 0x04, 0x40, ...long, 0x0b, ...get(0)] },
    ])
    expect(fuelOf(() => exports['f0']?.(0))).toBeLessThan(200)
    expect(fuelOf(() => exports['f0']?.(1))).toBeGreaterThan(800)
  })

  test.each([
    { name: 'memory.fill', code: [...constant(0), ...constant(0), ...get(0), 0xfc, 0x0b, 0] },
    { name: 'memory.copy', code: [...constant(0), ...constant(0), ...get(0), 0xfc, 0x0a, 0, 0] },
  ])('of $name grows with its length', async ({ code }) => {
    const { exports, fuelOf } = await metered([{ ...unary, code: [...code, ...get(0)] }])
    const of = (bytes: number) => fuelOf(() => exports['f0']?.(bytes))
    expect(of(65_536) - of(0)).toBeGreaterThan(1000)
    expect(of(65_536) - of(0)).toBe(2 * (of(32_768) - of(0)))
  })

  test('of a range is paid before it is touched', async () => {
    const fill = [...constant(0), ...constant(7), ...constant(65_536), 0xfc, 0x0b, 0, ...get(0)]
    const { exports, fuel } = await metered([{ ...unary, code: fill }])
    fuel.value = 500n
    expect(() => exports['f0']?.(0)).toThrow('unreachable')
    expect(Buffer.from(exports.memory.buffer).includes(7)).toBe(false)
  })

  test('does not depend on the instance', async () => {
    const functions = [turning([0x41, 9, 0x10, 1, 0x1a]), turning([])]
    const [one, other] = [await metered(functions), await metered(functions)]
    const fuel = one.fuelOf(() => one.exports['f0']?.(50))
    expect(one.fuelOf(() => one.exports['f0']?.(50))).toBe(fuel)
    expect(other.fuelOf(() => other.exports['f0']?.(50))).toBe(fuel)
  })
})
