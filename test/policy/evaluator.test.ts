import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../support/random.js'
import type { Random } from '../support/random.js'
import { fixtureEvaluator, faulty, inputOf } from './evaluators.js'
import type { Opened } from './evaluators.js'

const good = inputOf({ tool: { args: {} } })
const allowed = '[{"result":{"allow":true}}]'

function faultOf({ evaluator }: Opened, input = good): unknown {
  try {
    return evaluator.evaluate(input)
  } catch (thrown) {
    return thrown
  }
}

const broken = (number: string) => ({
  ...good,
  document: Buffer.from(`{"tool":{"args":{"n":${number}}}}`),
})

describe('a policy that goes too far is stopped', () => {
  test.each([
    ['time', 25, 'budget', 'data.mcp.endless'],
    ['memory', 10_000, 'memory', 'data.mcp.greedy'],
    ['conflict', 25, 'conflict', 'mcp.rego:'],
  ])('%s', async (fault, budgetMs, cause, place) => {
    const opened = await fixtureEvaluator('runaway', { budgetMs, maxInputBytes: 1 << 12 })
    expect(faultOf(opened, faulty(fault, { names: ['a', 'a'] }))).toMatchObject({
      name: 'RegoFault',
      cause,
      place: expect.stringContaining(place),
    })
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
  })

  test('a result of more than a mebibyte', async () => {
    const opened = await fixtureEvaluator('runaway')
    expect(faultOf(opened, faulty('result', { text: 'x'.repeat(1000) }))).toMatchObject({
      cause: 'result_too_large',
    })
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
  })

  test('by the same fuel each time, and a decision takes the same fuel each time', async () => {
    const opened = await fixtureEvaluator('runaway', { budgetMs: 5 })
    const fuels = [good, faulty('time'), good, faulty('conflict', { names: ['a', 'a'] }), good]
    const used = fuels.map((input) => [faultOf(opened, input), opened.evaluator.fuelUsed()][1])
    expect(used[0]).toBeGreaterThan(0)
    expect(used[2]).toBe(used[0])
    expect(used[4]).toBe(used[0])
    expect(used[1]).toBeGreaterThan(Number(used[0]))
  })

  test('more than the largest input is not evaluated', async () => {
    const opened = await fixtureEvaluator('conflict', { maxInputBytes: 1000 })
    const large = inputOf({ tool: { args: { text: 'x'.repeat(1000) } } })
    expect(faultOf(opened, large)).toMatchObject({ cause: 'input' })
  })
})

describe('an instance is as it was after whatever has happened to it', () => {
  test('a hundred thousand faults in a row harm no evaluation in between', async () => {
    const opened = await fixtureEvaluator('conflict')
    const conflicting = faulty('rule')
    for (let round = 0; round < 100_000; round++) {
      const fault = faultOf(opened, conflicting)
      if (round % 1000 !== 0) continue
      expect(fault).toMatchObject({ cause: 'conflict', place: 'mcp.rego:7:1' })
      expect(opened.evaluator.evaluate(good)).toBe(allowed)
    }
  }, 30_000)

  test('so do thousands that ran out of fuel, broke off or were of no use', async () => {
    const opened = await fixtureEvaluator('runaway', { budgetMs: 0.2 })
    const lone = { ...good, document: Buffer.from('{"tool":{"args":{"x":"\\ud800"}}}') }
    for (let round = 0; round < 2000; round++) {
      expect(faultOf(opened, faulty('time'))).toMatchObject({ cause: 'budget' })
      expect(faultOf(opened, lone)).toMatchObject({ cause: 'input' })
    }
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
  })

  test('data is never written, and what evaluations write is put back', async () => {
    const members = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`k${index}`, [index, `${index / 7}`, { index }]]),
    )
    const config = { admin_tools: ['a', 'b'], coldest: -10.5, members }
    const data = Buffer.from(JSON.stringify({ mcp: { config } }))
    const opened = await fixtureEvaluator('gateway', { data, maxInputBytes: 1 << 16 })
    const { instance, snapshot } = opened
    const dataDigest = () => digestOf(instance.memory.bytes(), snapshot.dataStart, snapshot.dataEnd)
    const before = dataDigest()
    const random = createRandom(11)
    for (let round = 0; round < 3000; round++) {
      faultOf(opened, hostileInput(random, round))
      if (round % 100 === 0) expect(dataDigest()).toBe(before)
    }
    expect(dataDigest()).toBe(before)
    faultOf(opened, { ...good, document: Buffer.from('{"x":"\\ud800"}') })
    expect(digestOf(instance.memory.bytes(), 0, snapshot.dataStart)).toBe(
      digestOf(Buffer.from(snapshot.low), 0, snapshot.dataStart),
    )
  })

  test('data is never written by what the module does with it either', async () => {
    const opened = await fixtureEvaluator('data-builtins')
    const { instance, snapshot, evaluator } = opened
    const dataDigest = () => digestOf(instance.memory.bytes(), snapshot.dataStart, snapshot.dataEnd)
    const before = dataDigest()
    const random = createRandom(13)
    const texts = ['a', '10.0.0.0/8', 'Größe', 'nested', '', 'x'.repeat(3000)] as const
    for (let round = 0; round < 500; round++) {
      const [n, text] = [random.below(1e9) / 7, random.oneOf(texts)]
      const object = { a: { b: text }, [text]: n, f: [text] }
      const result = evaluator.evaluate(inputOf({ n, text, list: [text, n], object }))
      expect(result).toContain('aggregates')
      expect(dataDigest()).toBe(before)
    }
  })

  test('what a large input needed is given back, and the next one like it finds it again', async () => {
    const opened = await fixtureEvaluator('bounds')
    const list = Array.from({ length: 100_000 }, () => ({}))
    const large = inputOf({ tool: { args: { n: 0, list } } })
    for (let round = 0; round < 3; round++) {
      expect(opened.evaluator.evaluate(large)).toBe(allowed)
      expect(opened.instance.meters.pages.value).toBe(opened.snapshot.pages)
    }
    expect(faultOf(opened, broken('1e999999999999'))).toMatchObject({ cause: 'trap' })
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
  })

  test('memory that no input explains is given up', async () => {
    const opened = await fixtureEvaluator('runaway', { maxInputBytes: 1 << 12, budgetMs: 10_000 })
    const { instance } = opened
    expect(faultOf(opened, faulty('memory'))).toMatchObject({ cause: 'memory' })
    const left = instance.memory.bytes().length
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
    // Another instance did that.
    instance.memory.bytes().fill(0xff)
    expect(opened.evaluator.evaluate(good)).toBe(allowed)
    expect(left).toBeGreaterThan(32 << 20)
  })
})

describe('an evaluator that was released', () => {
  test('keeps no instance, and still evaluates over the same data', async () => {
    const data = Buffer.from('{"mcp":{"config":{"admin_tools":["a.b"],"coldest":0}}}')
    const input = inputOf({ kind: 'tools/call', user: { roles: [] }, tool: { name: 'a.b' } })
    const { evaluator, instance } = await watched(fixtureEvaluator('gateway', { data }))
    const before = evaluator.evaluate(input)
    evaluator.release()
    await untilCollected(instance)
    for (let round = 0; round < 3; round++) {
      expect(evaluator.evaluate(input)).toBe(before)
      await setImmediate()
      collectGarbage()
    }
  })

  test('as many as there were since the start hold the memory of none', async () => {
    const opened = await Promise.all(
      Array.from({ length: 50 }, () => watched(fixtureEvaluator('bounds'))),
    )
    for (const { evaluator } of opened) {
      evaluator.release()
      expect(evaluator.evaluate(good)).toBe(allowed)
    }
    for (const { instance } of opened) await untilCollected(instance)
  })
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

async function watched(opening: Promise<Opened>) {
  const { evaluator, instance } = await opening
  return { evaluator, instance: new WeakRef(instance) }
}

async function untilCollected(held: WeakRef<object>): Promise<void> {
  while (held.deref() !== undefined) {
    await setImmediate()
    collectGarbage()
  }
}

function digestOf(memory: Buffer, start: number, end: number): string {
  return createHash('sha256').update(memory.subarray(start, end)).digest('hex')
}

/** Inputs that are allowed, denied, refused by the module's reader, or too much for it. */
function hostileInput({ below, oneOf }: Random, round: number) {
  const long = 'a'.repeat(below(9000))
  const text = oneOf(['ü', '\\u0000', '\\ud800', '\\ud83d\\ude00', '"', long, ''])
  const digits = '9'.repeat(below(400) + 1)
  const number = oneOf(['1e400', '-1e999999999999', '0.1', digits, '-0', '1e-999'])
  const depth = below(20) === 0 ? below(8000) : below(20)
  const deep = '['.repeat(depth) + ']'.repeat(depth)
  const kind = oneOf(['tools/call', 'ping', 'tools/list', ''])
  const tool = oneOf(['temp.convert', 'weather.get', 'a', 'b'])
  const hook = (['pre', 'post', 'list'] as const)[round % 3] ?? 'pre'
  const document = `{"kind":"${kind}","user":{"roles":["${text}","admin"]},"tool":{"name":"${tool}","args":{"value":${number},"city":"${text}"}},"response":{"salary":${number},"deep":${deep}},"items":[{"name":"${tool}"},{"name":${number}}]}`
  return { ...good, hook, document: Buffer.from(document) }
}
