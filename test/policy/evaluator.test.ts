import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRegoEvaluator } from '../../src/policy/evaluator.js'
import { compileRego } from '../../src/policy/rego.js'
import type { RegoModule } from '../../src/policy/rego.js'
import { fixtureBundle } from './fixtures.js'

const good = document({ tool: { args: {} } })
const conflicting = document({ tool: { args: { fault: 'rule' } } })

function document(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

async function countingEvaluator(name: string, maxInputBytes = 1 << 20) {
  const { wasm, data } = await fixtureBundle(name)
  const compiled = await compileRego(wasm)
  const rooms: number[] = []
  const module: RegoModule = {
    ...compiled,
    instantiate: (parts) => {
      rooms.push(parts.roomBytes)
      return compiled.instantiate(parts)
    },
  }
  return {
    evaluator: createRegoEvaluator({ module, data, maxInputBytes }),
    rooms,
    made: () => rooms.length,
  }
}

test('a fault uses up one instance, and the spare is made anew after the call', async () => {
  const { evaluator, made } = await countingEvaluator('conflict')
  expect(made()).toBe(2)
  expect(() => evaluator.evaluate('mcp/pre', conflicting)).toThrow('conflict')
  expect(made()).toBe(2)
  expect(evaluator.evaluate('mcp/pre', good)).toBe('[{"result":{"allow":true}}]')
  await setImmediate()
  expect(made()).toBe(3)
  await setImmediate()
  expect(made()).toBe(3)
})

test('where the spare is not ready yet, an instance is made at once', async () => {
  const { evaluator } = await countingEvaluator('conflict')
  for (let round = 0; round < 5; round++) {
    expect(() => evaluator.evaluate('mcp/pre', conflicting)).toThrow('conflict')
  }
  expect(evaluator.evaluate('mcp/pre', good)).toBe('[{"result":{"allow":true}}]')
})

test('good calls use one instance for good', async () => {
  const { evaluator, made } = await countingEvaluator('conflict')
  for (let round = 0; round < 100; round++) evaluator.evaluate('mcp/pre', good)
  await setImmediate()
  expect(made()).toBe(2)
})

test('memory that a large input needed is there from the start in later instances', async () => {
  const { evaluator, made, rooms } = await countingEvaluator('bounds')
  const list = Array.from({ length: 20_000 }, () => ({}))
  const broken = JSON.stringify({ tool: { args: { n: 0, list } } }).replace(':0', ':1e999999999999')
  const provoking = Buffer.from(broken)
  expect(() => evaluator.evaluate('mcp/pre', provoking)).toThrow(
    expect.objectContaining({ name: 'RegoFault', cause: 'trap' }) as Error,
  )
  await setImmediate()
  expect(made()).toBe(3)
  expect(rooms.slice(0, 2)).toEqual([0, 0])
  expect(rooms[2]).toBeGreaterThan(1_000_000)
})

test('an instance that used more memory than its input explains is replaced', async () => {
  const { evaluator, made } = await countingEvaluator('conflict', 2000)
  const names = Array.from({ length: 5000 }, (_, index) => `n${index}`)
  const large = document({ tool: { args: { fault: 'member', names } } })
  expect(evaluator.evaluate('mcp/pre', large)).toBe('[{"result":{"allow":false}}]')
  await setImmediate()
  expect(made()).toBe(3)
})

test('an evaluation that needs more memory than there is ends in a trap', async () => {
  const { evaluator } = await countingEvaluator('default-allow', 1 << 10)
  const items = Array.from({ length: 400_000 }, () => ({}))
  expect(() => evaluator.evaluate('mcp/pre', document({ items }))).toThrow(
    expect.objectContaining({ name: 'RegoFault', cause: 'trap' }) as Error,
  )
  expect(evaluator.evaluate('mcp/pre', good)).toBe('[{"result":true}]')
})
