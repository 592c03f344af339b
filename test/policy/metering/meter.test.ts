import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { openUnverified } from '../../../src/bundles/open-bundle.js'
import { globalExport, meterExports, meterModule } from '../../../src/policy/metering/meter.js'
import { runtime } from '../../../src/policy/rego-runtime.js'
import { blockTypes, functions } from './functions.js'
import { exportOf, i32, moduleOf, run, steer } from './modules.js'
import { functionOf, interpret, randomProgram } from './programs.js'

const folder = new URL('../../fixtures/policies/', import.meta.url)
const entries = await readdir(folder, { withFileTypes: true })
const bundles = [
  new URL('../../../bundles/starter.tar.gz', import.meta.url),
  ...entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => new URL(`${name}/bundle.tar.gz`, folder)),
]

describe('a policy that is metered', () => {
  test('is a module still, with its own exports and those that steer it, and a fifth longer at most', async () => {
    for (const bundle of bundles) {
      const { wasm } = await openUnverified(await readFile(bundle), 1 << 24)
      if (wasm === undefined) continue
      const { wasm: metered, mutableGlobals, memory } = meterModule(wasm)
      const more = [...Object.values(meterExports), globalExport(0)]
      expect(await exportsOf(metered)).toEqual([...(await exportsOf(wasm)), ...more])
      expect(mutableGlobals).toBe(1)
      expect(memory).toMatchObject({ origin: 'imported', maximumPages: undefined })
      expect(metered.length).toBeLessThan(wasm.length * 1.2)
    }
  })

  test('keeps the names of its functions, so that a stack names the rule that was stopped', async () => {
    const section = namesOf(moduleOf({ functions: [endless] }), 'endless')
    const { exports, fuel } = await steer(meterModule(section).wasm)
    fuel.value = 1000n
    const stack = await Promise.resolve()
      .then(() => exports['f0']?.())
      .catch((thrown: unknown) => (thrown instanceof Error ? thrown.stack : ''))
    expect(stack).toMatch(/unreachable/)
    expect(stack).toMatch(/endless \(wasm/)
  })

  test('exports every global that can change, in order, and no other', async () => {
    const wasm = moduleOf({
      functions: [],
      globals: [
        [i32, 1, 0x41, 5, 0x0b],
        [i32, 0, 0x41, 6, 0x0b],
        [0x7e, 1, 0x42, 7, 0x0b],
      ],
      exports: [exportOf('fixed', 3, 1)],
    })
    const metered = meterModule(wasm)
    expect(metered.mutableGlobals).toBe(2)
    const { global } = await steer(metered.wasm)
    expect([global('portcullis.g0').value, global('portcullis.g1').value]).toEqual([5, 7n])
  })
})

describe('a metered function gives what it gave before:', () => {
  const wasm = moduleOf({
    functions: Object.values(functions),
    types: blockTypes,
    table: true,
    memory: [1, 1, 9],
    data: [1, 2, 3],
  })

  test.each(Object.keys(functions).map((name, index) => ({ name, index })))(
    '$name',
    async ({ index }) => {
      const metered = await steer(meterModule(wasm).wasm)
      const plain = await run(wasm)
      for (const input of [0, 1, 2, 3, 7, 100]) {
        const expected = plain[`f${index}`]?.(input)
        expect(expected).toBeTypeOf('number')
        const fuel = metered.fuelOf(() => {
          expect(metered.exports[`f${index}`]?.(input)).toBe(expected)
        })
        expect(fuel).toBeGreaterThanOrEqual(0)
      }
    },
  )

  test('programs made at random, in which no instruction is executed that was not paid for', async () => {
    for (let seed = 1; seed <= 250; seed++) {
      const program = randomProgram(seed)
      // What is called from outside may expect that its caller has paid; this one pays in its loop.
      const outer = { parameters: [i32], results: [i32], code: [0x03, i32, 0x20, 0, 0x10, 0, 0x0b] }
      const wasm = moduleOf({ functions: [...program.map(functionOf), outer] })
      const plain = await run(wasm)
      const metered = await steer(meterModule(wasm).wasm)
      const name = `f${program.length}`
      for (const input of [0, 1, 77, 255]) {
        const expected = interpret(program, input)
        if (expected === undefined) continue
        expect(plain[name]?.(input), `seed ${seed}`).toBe(expected.value)
        const fuel = metered.fuelOf(() => {
          expect(metered.exports[name]?.(input)).toBe(expected.value)
        })
        expect(fuel, `seed ${seed}`).toBeGreaterThanOrEqual(expected.executed)
      }
    }
  })
})

const endless = { parameters: [], results: [], code: [0x03, 0x40, 0x0c, 0, 0x0b] }

/** The module with a `name` section that names its one function. */
function namesOf(wasm: Buffer, name: string): Buffer {
  const names = [1, name.length + 3, 1, 0, name.length, ...Buffer.from(name)]
  const content = [4, ...Buffer.from('name'), ...names]
  return Buffer.concat([wasm, Buffer.from([0, content.length, ...content])])
}

async function exportsOf(wasm: Buffer): Promise<readonly string[]> {
  return runtime.Module.exports(await runtime.compile(wasm)).map(({ name }) => name)
}
