import { describe, expect, test } from 'vitest'
import { meterModule } from '../../../src/policy/metering/meter.js'
import { constant, i32, moduleOf, steer } from './modules.js'

const get = (local: number) => [0x20, local]

/** f0 grows, f1 says the size, f2 writes a byte at an address, f3 reads one. */
async function growing(memory: readonly number[] = [1, 2, 100], parts = {}) {
  const functions = [
    { parameters: [i32], results: [i32], code: [...get(0), 0x40, 0] },
    { parameters: [], results: [i32], code: [0x3f, 0] },
    { parameters: [i32, i32], results: [], code: [...get(0), ...get(1), 0x3a, 0, 0] },
    { parameters: [i32], results: [i32], code: [...get(0), 0x2d, 0, 0] },
  ]
  const steered = await steer(meterModule(moduleOf({ functions, memory, ...parts })).wasm)
  const { exports, global } = steered
  return {
    ...steered,
    grow: (by: number) => exports['f0']?.(by),
    size: () => exports['f1']?.(),
    write: (address: number, value: number) => exports['f2']?.(address, value),
    read: (address: number) => exports['f3']?.(address),
    realPages: () => exports.memory.buffer.byteLength / 65_536,
    pages: global('portcullis.pages'),
    maxPages: global('portcullis.max_pages'),
    refused: global('portcullis.refused_pages'),
  }
}

describe('the memory that a metered module believes to have', () => {
  test('is the real one until it is asked for, and then its own', async () => {
    const { pages, size, grow, realPages } = await growing()
    expect(pages.value).toBe(0)
    expect(size()).toBe(2)
    expect(pages.value).toBe(2)
    expect(grow(3)).toBe(2)
    expect([size(), pages.value]).toEqual([5, 5])
    expect(realPages()).toBe(18)
  })

  test('grows page by page while the real one doubles', async () => {
    const { grow, size, realPages, exports } = await growing()
    const sizes = new Set<number>()
    const buffers = new Set<ArrayBuffer>()
    for (let page = 2; page < 100; page++) {
      expect(grow(1)).toBe(page)
      sizes.add(realPages())
      buffers.add(exports.memory.buffer)
    }
    expect(size()).toBe(100)
    expect([...sizes]).toEqual([18, 36, 72, 100])
    expect(buffers.size).toBe(4)
    expect(grow(1)).toBe(-1)
  })

  test('ends where the host says, as a memory ends: with -1, and with nothing changed', async () => {
    const { grow, size, maxPages, refused, realPages } = await growing()
    expect(maxPages.value).toBe(100)
    maxPages.value = 10
    expect(grow(8)).toBe(2)
    expect(refused.value).toBe(0)
    expect(grow(1)).toBe(-1)
    expect(refused.value).toBe(11)
    expect([size(), realPages()]).toEqual([10, 10])
    maxPages.value = 5
    expect(grow(0)).toBe(10)
    expect(grow(1)).toBe(-1)
  })

  test.each([0xffff_ffff, 0x8000_0000, 65_536, 99])(
    'cannot be made to wrap around by a growth of %i pages',
    async (by) => {
      const { grow, size, refused } = await growing()
      expect(grow(by)).toBe(-1)
      expect(refused.value).toBe(2 + Math.min(by, 65_536))
      expect(size()).toBe(2)
    },
  )

  test('ends where the real one does, where the host allows more', async () => {
    const { grow, maxPages, refused, size } = await growing()
    maxPages.value = 1000
    expect(grow(98)).toBe(2)
    expect(grow(1)).toBe(-1)
    expect([size(), refused.value]).toEqual([100, 101])
  })

  test('is zero again where it was taken back and is handed out once more', async () => {
    const { grow, write, read, pages, realPages } = await growing()
    grow(4)
    for (const page of [0, 1, 2, 3, 4, 5]) write(page * 65_536 + 65_535, 9)
    const real = realPages()
    pages.value = 2
    grow(2)
    const bytes = [0, 1, 2, 3].map((page) => read(page * 65_536 + 65_535))
    expect(bytes).toEqual([9, 9, 0, 0])
    expect(grow(7)).toBe(4)
    expect([4, 5, 6].map((page) => read(page * 65_536 + 65_535))).toEqual([0, 0, 0])
    expect(realPages()).toBe(real)
  })

  test('costs fuel by the page, the same whether it is there already or not', async () => {
    const { grow, fuelOf, pages } = await growing()
    const first = fuelOf(() => grow(50))
    pages.value = 2
    expect(fuelOf(() => grow(50))).toBe(first)
    pages.value = 2
    expect(fuelOf(() => grow(25))).toBeLessThan(first / 1.9)
    expect(first).toBeGreaterThan(50 * 1000)
  })

  test('is not grown by who cannot pay', async () => {
    const { grow, fuel, realPages } = await growing()
    fuel.value = 1000n
    expect(() => grow(50)).toThrow('unreachable')
    expect(realPages()).toBe(2)
  })

  test('may be asked for by start code already', async () => {
    const start = {
      functions: [{ parameters: [], results: [], code: [...constant(3), 0x40, 0, 0x1a] }],
    }
    const { pages } = await growing([1, 2, 100], { ...start, start: 0 })
    expect(pages.value).toBe(5)
  })
})
