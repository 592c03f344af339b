import * as opaWasm from '@open-policy-agent/opa-wasm'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import type { Bundle } from '../../src/domain/bundle.js'
import type { Hook } from '../../src/domain/decision.js'
import { createRandom } from '../support/random.js'
import { evaluatorOf, wasmOf } from './evaluators.js'
import { fixtureBundle, time } from './fixtures.js'

interface Oracle {
  setData(data: ArrayBuffer): void
  evaluate(input: ArrayBuffer, entrypoint: string): unknown
}
const { default: opa } = opaWasm as unknown as {
  default: { loadPolicy(wasm: Buffer): Promise<Oracle> }
}
const exactBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer

/** Those whose builtins, where they have any, the package has too and does not do otherwise. */
const fixtures = [
  ...['bounds', 'conflict', 'data-builtins', 'default-allow', 'deny-posts', 'deny-tools'],
  ...['desktop', 'echo', 'gateway', 'guarded', 'lists', 'lists-other', 'reasons', 'scripted'],
  ...['scripted-pre', 'undefined'],
]

describe('a module evaluated here gives what the package’s own evaluate gives', () => {
  test.each(fixtures)('%s', async (name) => {
    await compare(await fixtureBundle(name))
  })

  test('the starter', async () => {
    const archive = await readFile(new URL('../../bundles/starter.tar.gz', import.meta.url))
    await compare(await openUnverified(archive, 1 << 24))
  })
})

async function compare(bundle: Bundle): Promise<void> {
  const { evaluator } = await evaluatorOf(bundle)
  const fresh = async () => {
    const oracle = await opa.loadPolicy(wasmOf(bundle))
    oracle.setData(exactBuffer(bundle.data))
    return oracle
  }
  let oracle = await fresh()
  const random = createRandom(7)
  for (let round = 0; round < 300; round++) {
    const document = Buffer.from(JSON.stringify(randomInput(random)))
    for (const entrypoint of bundle.entrypoints) {
      const hook = entrypoint.slice('mcp/'.length) as Hook
      const own = resultOf(
        () => JSON.parse(evaluator.evaluate({ hook, time, document })) as unknown,
      )
      const others = resultOf(() => oracle.evaluate(exactBuffer(document), entrypoint))
      // The package leaks its stack at every fault.
      if (others === 'fault') oracle = await fresh()
      expect(own).toEqual(others)
    }
  }
}

function resultOf(evaluate: () => unknown): unknown {
  try {
    return evaluate()
  } catch {
    return 'fault'
  }
}

function randomInput({ below, oneOf }: ReturnType<typeof createRandom>): unknown {
  const name = oneOf(['weather.get', 'temp.convert', 'database.backup', 'größe', 'a', 'b'])
  return {
    kind: oneOf(['tools/call', 'ping', 'initialize', 'tools/list', 'x/y']),
    hook: 'pre',
    user: { id: 'a', roles: oneOf([[], ['admin'], ['dev', 'admin']]) },
    tool: {
      name,
      args: {
        value: (below(2001) - 1000) / 2,
        n: below(200),
        city: 'x'.repeat(below(2000)),
        fault: oneOf([undefined, undefined, 'rule', 'member']),
        names: oneOf([['a', 'a'], ['a', 'b'], undefined]),
        reasons: oneOf([undefined, ['b', 'a'], []]),
        result: oneOf<unknown>([
          true,
          { allow: true, reason: 'ü\u0000"' },
          [1e21, -0.1, 'x'],
          undefined,
        ]),
      },
    },
    params: { result: oneOf([['a'], undefined]) },
    response: {
      salary: below(1e9),
      text: oneOf(['ü', '\u0000', '', '{"a":1}']),
      result: oneOf<unknown>([false, { allow: true, warnings: ['w'] }]),
    },
    items: Array.from({ length: below(4) }, () => ({ name })),
    ...{ n: below(1000) / 8, text: name, list: ['42', name], object: { a: { b: name } } },
  }
}
