import { describe, expect, test } from 'vitest'
import { PolicySupplyError } from '../../../src/domain/errors.js'
import { readLayout } from '../../../src/policy/metering/layout.js'
import { meterModule } from '../../../src/policy/metering/meter.js'
import { rewriteModule } from '../../../src/policy/metering/rewrite.js'
import { runtime } from '../../../src/policy/rego-runtime.js'
import { createRandom } from '../../support/random.js'
import { fixtureBundle } from '../fixtures.js'
import { blockTypes, functions } from './functions.js'
import { constant, exportOf, i32, moduleOf, section } from './modules.js'

const whole = moduleOf({
  functions: Object.values(functions),
  types: blockTypes,
  table: true,
  memory: [1, 1, 9],
  globals: [[i32, 1, 0x41, 5, 0x0b]],
  data: [1, 2, 3],
})

/** What the meter says of it: undefined where it took it. */
function refusalOf(attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(PolicySupplyError)
    expect((thrown as PolicySupplyError).fault).toBe('compile')
    return (thrown as PolicySupplyError).message
  }
}

describe('a module that is broken is refused in words:', () => {
  test('cut off anywhere', async () => {
    const { wasm = whole } = await fixtureBundle('bounds')
    for (let end = 0; end < wasm.length; end += 1 + Math.floor(wasm.length / 200)) {
      expect(refusalOf(() => meterModule(wasm.subarray(0, end)))).toMatch(
        /is not WebAssembly|no export|memories/,
      )
    }
    for (let end = 0; end < whole.length; end++) {
      const cut = whole.subarray(0, end)
      refusalOf(() => rewriteModule(cut, readLayout(cut)))
    }
  })

  test('any bytes of it changed: it is refused, or what comes out is a module', async () => {
    const random = createRandom(11)
    for (let round = 0; round < 1000; round++) {
      const changed = Buffer.from(whole)
      for (let left = 1 + random.below(3); left > 0; left--) {
        changed[8 + random.below(whole.length - 8)] = random.below(256)
      }
      refusalOf(() => rewriteModule(changed, readLayout(changed)))
      const taken = { wasm: undefined as Buffer | undefined }
      refusalOf(() => (taken.wasm = meterModule(changed).wasm))
      if (taken.wasm !== undefined) await runtime.compile(taken.wasm)
    }
  })

  const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const most = [0xff, 0xff, 0xff, 0xff, 0x0f]
  test.each([
    { name: 'no module at all', bytes: [], says: /not begin as a WebAssembly module/ },
    { name: 'another version', bytes: [...preamble.slice(0, 4), 2, 0, 0, 0], says: /not begin/ },
    { name: 'no memory', bytes: preamble, says: /0 memories/ },
    {
      name: 'two memories',
      bytes: [...preamble, ...section(5, [2, 0, 1, 0, 1])],
      says: /2 memories/,
    },
    {
      name: 'a memory of 64 bits',
      bytes: [...preamble, ...section(5, [1, 4, 1])],
      says: /64 bits/,
    },
    {
      name: 'a section longer than the file',
      bytes: [...preamble, 5, ...most],
      says: /ends too early/,
    },
    { name: 'sections out of order', bytes: [...preamble, 5, 1, 0, 3, 1, 0], says: /out of order/ },
    { name: 'a section twice', bytes: [...preamble, 5, 1, 0, 5, 1, 0], says: /out of order/ },
    { name: 'a section of tags', bytes: [...preamble, 13, 1, 0], says: /section of kind 13/ },
    {
      name: 'four thousand million types',
      bytes: [...preamble, ...section(1, most)],
      says: /too early/,
    },
    { name: 'as many imports', bytes: [...preamble, ...section(2, most)], says: /too early/ },
    { name: 'as many globals', bytes: [...preamble, ...section(6, most)], says: /too early/ },
    { name: 'as many exports', bytes: [...preamble, ...section(7, most)], says: /too early/ },
    { name: 'as many functions', bytes: codeOnly(most), says: /too early/ },
    { name: 'as many locals', bytes: codeOnly([1, 7, ...most, 0x0b]), says: /too early/ },
    { name: 'as many branches', bytes: codeOnly([1, 7, 0, 0x0e, ...most]), says: /too early/ },
    {
      name: 'a number that is too long',
      bytes: [...preamble, 5, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
      says: /32 bits/,
    },
    { name: 'a function without an end', bytes: codeOnly([1, 2, 0, 0x01]), says: /too early/ },
    {
      name: 'a function with two',
      bytes: codeOnly([1, 3, 0, 0x0b, 0x0b]),
      says: /follows the end/,
    },
    { name: 'an unknown opcode', bytes: codeOnly([1, 3, 0, 0xff, 0x0b]), says: /opcode 0xff/ },
  ])('$name', ({ bytes, says }) => {
    const wasm = Buffer.from(bytes)
    expect(refusalOf(() => rewriteModule(wasm, readLayout(wasm)))).toMatch(says)
    expect(refusalOf(() => meterModule(wasm))).toBeDefined()
  })

  function codeOnly(content: readonly number[]): number[] {
    return [...preamble, ...section(5, [1, 0, 1]), ...section(10, content)]
  }
})

describe('a module that cannot be metered is refused, and what it has is named:', () => {
  const instruction = (code: readonly number[]) => {
    return moduleOf({ functions: [{ parameters: [], results: [], code }], table: true, data: [1] })
  }
  test.each([
    { name: 'table.set', code: [...constant(0), 0xd0, 0x70, 0x26, 0] },
    { name: 'table.grow', code: [0xd0, 0x70, ...constant(1), 0xfc, 0x0f, 0, 0x1a] },
    { name: 'table.copy', code: [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0e, 0, 0] },
    { name: 'data.drop', code: [0xfc, 0x09, 0] },
  ])('$name', ({ name, code }) => {
    const wasm = instruction(code)
    expect(refusalOf(() => meterModule(wasm))).toContain(`policy.wasm has ${name} (opcode 0x`)
  })

  test.each([
    { name: 'try', code: [0x06, 0x40, 0x0b] },
    { name: 'return_call', code: [0x12, 0] },
    { name: 'atomic access', code: [0xfe, 0x03, 0] },
    { name: 'garbage collection', code: [0xfb, 0x00, 0] },
    { name: 'relaxed SIMD', code: [0xfd, 0x80, 0x02] },
  ])('$name, on any runtime', ({ name, code }) => {
    const wasm = instruction(code)
    expect(refusalOf(() => rewriteModule(wasm, readLayout(wasm)))).toContain(
      `policy.wasm has ${name} (`,
    )
  })

  test('an export that the host would take for that of the meter', () => {
    const wasm = moduleOf({
      functions: [],
      globals: [[0x7e, 1, 0x42, 7, 0x0b]],
      exports: [exportOf('portcullis.fuel', 3, 0)],
    })
    expect(refusalOf(() => meterModule(wasm))).toContain('export "portcullis.fuel"')
  })

  test('a module that reaches for the fuel by the index that it will have', () => {
    const spend = { parameters: [], results: [], code: [0x42, 9, 0x24, 0] }
    expect(refusalOf(() => meterModule(moduleOf({ functions: [spend] })))).toContain(
      'not WebAssembly',
    )
  })
})
