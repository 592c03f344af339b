import { MessageChannel } from 'node:worker_threads'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { openPolicy } from '../../src/policy/compile.js'
import { createPatterns } from '../../src/policy/patterns.js'
import {
  preparePolicy,
  transferablesOf,
  type PolicyContents,
  type PreparedPolicy,
} from '../../src/policy/prepare.js'
import { fixtureBundle, judge, otherCall, toolCall } from './fixtures.js'
import { handMadeModule, op } from './wasm-module.js'
import type { ModuleChanges } from './wasm-module.js'

const limits = { maxInputBytes: 1 << 16, budgetMs: 25 }
const patterns = createPatterns()

async function contentsOf(
  name: string,
  changes: Partial<PolicyContents> = {},
): Promise<PolicyContents> {
  return { ...(await fixtureBundle(name)), ...changes }
}

function handMade(changes: ModuleChanges = {}): PolicyContents {
  const wasm = handMadeModule(changes)
  return { ...{ entrypoints: ['mcp/pre'], data: Buffer.from('{}'), rules: [], schemas: [] }, wasm }
}

function open(prepared: PreparedPolicy) {
  const largeInput = { calls: 'deny', responses: 'deny' } as const
  const classify = () => 'unknown' as const
  const identity = { revision: 'r', digest: 'd' }
  return openPolicy(prepared, { ...identity, limits, largeInput, patterns, classify })
}

function regoOf({ rego }: PreparedPolicy) {
  if (rego === undefined) throw new Error('no Rego was prepared')
  return rego
}

/** As it arrives in another thread. */
async function posted(prepared: PreparedPolicy): Promise<PreparedPolicy> {
  const { port1, port2 } = new MessageChannel()
  const arrival = once(port2, 'message')
  port1.postMessage(prepared, transferablesOf(prepared))
  const [arrived] = (await arrival) as [PreparedPolicy]
  port1.close()
  return arrived
}

describe('what was prepared', () => {
  test('is run by another thread, its data handed over and not copied', async () => {
    const filler = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, index) => [`k${index}`, 'value'.repeat(5)]),
    )
    const config = { admin_tools: ['a.b'], coldest: 0, filler }
    const data = Buffer.from(JSON.stringify({ mcp: { config } }))
    const prepared = await preparePolicy(await contentsOf('gateway', { data }), limits)
    const { pieces, snapshot } = regoOf(prepared)
    const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    expect(bytes).toBe(snapshot.dataEnd - snapshot.dataStart)
    const arrived = await posted(prepared)
    expect(pieces.every(({ byteLength }) => byteLength === 0)).toBe(true)
    const policy = await open(arrived)
    expect(regoOf(arrived).pieces).toEqual([])
    expect(judge(policy, toolCall('a.b'))).toMatchObject({ reason: 'role_mismatch' })
    expect(judge(policy, otherCall('ping')).effect).toBe('allow')
  })

  test('is opened bit by bit where it is thousands of rules, so that others have their turn', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => {
      return `  - { id: r${index}, match: { tool: t${index} }, when: "$n > ${index}", effect: deny }`
    })
    const rules = [{ name: 'rules.yaml', text: Buffer.from(`rules:\n${lines.join('\n')}`) }]
    const contents = { wasm: undefined, entrypoints: [], data: Buffer.from('{}'), schemas: [] }
    const arrived = await posted(await preparePolicy({ ...contents, rules }, limits))
    let turns = 0
    const others = setInterval(() => (turns += 1), 0)
    const policy = await open(arrived)
    clearInterval(others)
    expect(turns).toBeGreaterThan(0)
    expect(judge(policy, toolCall('t3', '{"n":4}'))).toMatchObject({ rules: ['r3'] })
    expect(judge(policy, toolCall('t3', '{"n":3}'))).toMatchObject({ effect: 'allow' })
  })

  test('allows what its module allows, even one made by hand', async () => {
    const policy = await open(await preparePolicy(handMade(), limits))
    expect(judge(policy, otherCall('ping')).effect).toBe('allow')
  })
})

describe('a module that is no policy is refused', () => {
  test.each<readonly [string, ModuleChanges, RegExp]>([
    ['imports something else', { imports: ['env.system'] }, /it imports env\.system/],
    ['imports from elsewhere', { imports: ['wasi.opa_abort'] }, /it imports wasi\.opa_abort/],
    ['has a memory of its own', { ownMemory: true }, /memory of its own/],
    ['asks for too much memory', { memoryPages: 60_000 }, /memory of 60000 to any number of/],
    ['lacks exports', { without: ['opa_eval', 'builtins'] }, /no export opa_eval, builtins/],
    ['has an old ABI', { abi: [1, 1] }, /ABI 1\.1; 1\.2 or 1\.3/],
    ['has an ABI of the future', { abi: [2, 3] }, /ABI 2\.3/],
    ['starts and never ends', { start: op.forever.slice(0, 5) }, /cannot be loaded/],
    ['breaks off at its start', { start: op.unreachable }, /cannot be loaded: unreachable/],
    ['never lists its builtins', { bodies: { builtins: op.forever } }, /cannot be loaded/],
    ['lists no object', { texts: { 1100: '[]' } }, /a table of names is no object/],
    ['lists no numbers', { texts: { 1100: '{"a":-1}' } }, /something else than numbers/],
    ['lists broken text', { texts: { 1000: '{"mcp/pre":' } }, /cannot be loaded/],
    [
      'lists names in no memory',
      { bodies: { entrypoints: op.constant(-1) } },
      /cannot be loaded: a text has no end/,
    ],
    [
      'cannot read data',
      { bodies: { opa_json_parse: op.constant(0) } },
      /data of the bundle cannot be loaded: the module cannot parse it/,
    ],
    ['never has read the data', { bodies: { opa_json_parse: op.forever } }, /takes too long/],
    [
      'keeps its data where there is no memory',
      { bodies: { opa_heap_ptr_get: op.constant(-8) } },
      /data of the bundle cannot be loaded/,
    ],
    ['gives results that are none', { texts: { 1200: 'x' } }, /breaks off on most sample inputs/],
    [
      'gives results that stand nowhere',
      { bodies: { opa_eval: op.constant(-1) } },
      /breaks off on most sample inputs \(trap: a text has no end\)/,
    ],
    [
      'never decides',
      { bodies: { opa_eval: op.forever } },
      /breaks off on most sample inputs \(budget/,
    ],
  ])('%s', async (_, changes, message) => {
    const outcome = preparePolicy(handMade(changes), limits).then(() => 'prepared')
    await expect(outcome).rejects.toMatchObject({
      name: 'PolicySupplyError',
      fault: 'check',
      message: expect.stringMatching(message),
    })
  })

  test('its start calls the host', async () => {
    const source = handMade({ imports: ['env.opa_builtin0', 'env.opa_abort'], start: [0x10, 0] })
    await expect(preparePolicy(source, limits)).rejects.toMatchObject({ fault: 'check' })
  })

  test('a byte of it is another, wherever', async () => {
    const contents = await contentsOf('bounds')
    const wasm = contents.wasm ?? Buffer.alloc(0)
    for (let at = 8; at < wasm.length; at += 9973) {
      const changed = Buffer.from(wasm)
      changed[at] = (changed[at] ?? 0) ^ 0x55
      await preparePolicy({ ...contents, wasm: changed }, limits).then(
        (prepared) => expect(regoOf(prepared).module.abi).toBe('1.3'),
        (thrown: unknown) => expect(thrown).toMatchObject({ name: 'PolicySupplyError' }),
      )
    }
  })
})
