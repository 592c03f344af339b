import * as opaWasm from '@open-policy-agent/opa-wasm'
import { describe, expect, test } from 'vitest'
import { compileRego } from '../../src/policy/rego.js'
import { createRandom } from '../support/random.js'
import { fixtureBundle } from './fixtures.js'

interface Oracle {
  setData(data: ArrayBuffer): void
  evaluate(input: ArrayBuffer, entrypoint: string): unknown
}
const { default: opa } = opaWasm as unknown as {
  default: { loadPolicy(wasm: Buffer): Promise<Oracle> }
}
const exactBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer

describe('a module evaluated here gives what the package’s own evaluate gives', () => {
  test.each(['gateway', 'bounds', 'reasons', 'format', 'echo', 'undefined'])('%s', async (name) => {
    const { wasm, data, entrypoints } = await fixtureBundle(name)
    const module = await compileRego(wasm)
    const instance = module.instantiate({ data, maxInputBytes: 1 << 16, roomBytes: 0 })
    const oracle = await opa.loadPolicy(wasm)
    oracle.setData(exactBuffer(data))
    const random = createRandom(7)
    for (let round = 0; round < 300; round++) {
      const document = Buffer.from(
        JSON.stringify({
          kind: random.oneOf(['tools/call', 'ping', 'initialize', 'tools/list', 'x/y']),
          hook: 'pre',
          user: { id: 'a', roles: random.oneOf([[], ['admin'], ['dev', 'admin']]) },
          tool: {
            name: random.oneOf(['weather.get', 'temp.convert', 'database.backup', 'größe']),
            args: { value: (random.below(2001) - 1000) / 2, city: 'x'.repeat(random.below(2000)) },
          },
          response: {
            salary: random.below(1e9),
            text: random.oneOf(['ü', '\u0000', '', '{"a":1}']),
          },
        }),
      )
      for (const entrypoint of entrypoints) {
        expect(JSON.parse(instance.evaluate(entrypoint, document))).toEqual(
          oracle.evaluate(exactBuffer(document), entrypoint),
        )
      }
    }
  })
})
