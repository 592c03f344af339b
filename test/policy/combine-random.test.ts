import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import type { Layer } from '../../src/domain/bundle.js'
import { strictness, type Decision, type Deny } from '../../src/domain/decision.js'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { JsonValue } from '../../src/domain/json.js'
import type { Obligation, PatchOperation } from '../../src/domain/obligation.js'
import { applyObligations, ObligationFault } from '../../src/pipeline/oblige.js'
import { clashOf } from '../../src/policy/combine-patches.js'
import { createPatterns } from '../../src/policy/patterns.js'
import type { PolicySetMember } from '../../src/policy/policy-set.js'
import { allow, ask, deny, dryRun } from '../support/entries.js'
import { createRandom, type Random } from '../support/random.js'
import { inputOf, member, saying, setOf } from './members.js'

const patterns = createPatterns()
const passing = { onUnreadable: 'pass', onMissing: 'pass' } as const
const keys = ['a', 'b', 'c', '0', '1'] as const
const ops = ['add', 'add', 'replace', 'remove', 'test', 'move', 'copy'] as const
const layers = ['organisation', 'team', 'server', 'tool'] as const
const paths = [
  'a',
  'b',
  'a.b',
  'c.a',
  'response.a',
  'response.b.a',
  'response.a[0]',
  'response.b[1].a',
  'response.*.b',
  '**.c',
] as const

/** A document whose leaves can be told apart, with JSON inside of strings. */
function documentOf(random: Random): JsonValue {
  let leaves = 0
  const value = (depth: number): JsonValue => {
    const choice = random.below(depth === 0 ? 1 : 5)
    if (choice === 1) return Array.from({ length: 1 + random.below(3) }, () => value(depth - 1))
    if (choice === 2 || choice === 3) return object(depth - 1)
    if (choice === 4) return JSON.stringify(object(depth - 1))
    leaves += 1
    return `t${leaves}x`
  }
  const object = (depth: number): JsonValue =>
    Object.fromEntries(
      Array.from({ length: 1 + random.below(3) }, () => [random.oneOf(keys), value(depth)]),
    )
  return object(3)
}

function constant(random: Random, depth = 2): JsonValue {
  switch (random.below(depth === 0 ? 3 : 6)) {
    case 0:
      return null
    case 1:
      return 1
    case 2:
      return 'new'
    case 3:
      return [1]
    default:
      return constants(random, depth - 1)
  }
}

function constants(random: Random, depth: number): JsonValue {
  return Object.fromEntries(
    Array.from({ length: random.below(3) }, () => [random.oneOf(keys), constant(random, depth)]),
  )
}

function pointerOf(random: Random): string {
  const tokens = Array.from({ length: 1 + random.below(3) }, () => random.oneOf([...keys, '-']))
  return `/response/${tokens.join('/')}`
}

function operationOf(random: Random): PatchOperation {
  const path = pointerOf(random)
  const op = random.oneOf(ops)
  if (op === 'remove') return { op, path }
  if (op === 'move' || op === 'copy') return { op, path, from: pointerOf(random) }
  return { op, path, value: constant(random) }
}

function patchOf(random: Random): Obligation & { type: 'merge' | 'operations' } {
  if (random.below(2) === 0) return { type: 'merge', root: 'response', value: constants(random, 2) }
  const operations = Array.from({ length: 1 + random.below(2) }, () => operationOf(random))
  return { type: 'operations', operations }
}

function obligationsOf(random: Random, replaces: boolean): Obligation[] {
  const some = () => Array.from({ length: 1 + random.below(2) }, () => random.oneOf(paths))
  const obligations: Obligation[] = []
  if (random.below(3) === 0) obligations.push(patchOf(random))
  if (replaces && random.below(2) === 0) {
    const pattern = patterns.compile(random.oneOf(['t1x', '^\\{', 't[2-4]x']))
    obligations.push({ type: 'replace', path: parseFieldPath('response.**'), pattern, with: '' })
  }
  if (random.below(2) === 0) {
    obligations.push({ type: 'filter', paths: some().map(parseFieldPath), ...passing })
  }
  if (random.below(2) === 0) {
    const style = { type: 'text', text: random.oneOf(['****', '[hidden]', 'X']) } as const
    obligations.push({ type: 'mask', paths: some().map(parseFieldPath), style, ...passing })
  }
  return obligations
}

const fault: Deny = { ...deny, code: 'policy_error', fault: 'trap' }

function decisionOf(random: Random, replaces = false): Decision {
  const reason = random.oneOf(['r1', 'r2'])
  const rules = random.oneOf([[], ['one'], ['two', 'three']])
  const labels = random.oneOf<Decision['labels']>([{}, { a: 1 }, { a: 2, b: 3 }])
  const said = { rules, reason, labels, warnings: random.oneOf([[], ['w1'], ['w2']]) }
  switch (random.below(10)) {
    case 0:
      return { ...deny, ...said }
    case 1:
      return { ...ask, ...said }
    case 2:
      return { ...fault, ...said }
    case 3:
      return { ...dryRun, ...said, obligations: obligationsOf(random, replaces) }
    default:
      return { ...allow, ...said, obligations: obligationsOf(random, replaces) }
  }
}

function hasFault(decision: Decision): boolean {
  return decision.effect === 'deny' && decision.fault !== undefined
}

function memberOf(random: Random, index: number, decision: Decision): PolicySetMember {
  const layer: Layer = random.oneOf(layers)
  return member(`m${index}`, saying(decision), layer, random.oneOf([{}, { server: '*' }]))
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, at: random.below(1_000_000) }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}

/** The leaves of the document that a caller sees; undefined where nothing is let through. */
function seen(decision: Decision, document: JsonValue): ReadonlySet<string> | undefined {
  if (decision.effect === 'deny' || decision.effect === 'ask') return undefined
  const text = Buffer.from(`{"result":${JSON.stringify(document)}}`)
  const root = {
    name: 'response',
    span: { start: 10, end: text.length - 1 },
    isError: false,
  } as const
  try {
    const { obligations } = decision
    const applied = applyObligations({ text, root, obligations, patterns })
    if (applied instanceof Promise) throw new Error('Short texts are rewritten at once')
    return new Set(applied.text.toString().match(/t\d+x/g) ?? [])
  } catch (thrown) {
    if (thrown instanceof ObligationFault) return undefined
    throw thrown
  }
}

test('the order in which members are given changes nothing', () => {
  const random = createRandom(1)
  for (let round = 0; round < 1000; round += 1) {
    const members = Array.from({ length: 2 + random.below(3) }, (_, index) =>
      memberOf(random, index, decisionOf(random, true)),
    )
    const set = setOf(...members)
    const other = setOf(...shuffled(members, random))
    for (const hook of ['pre', 'post'] as const) {
      expect(other.evaluate(inputOf(hook))).toEqual(set.evaluate(inputOf(hook)))
    }
  }
})

test('a member more never makes the effect less strict', () => {
  const random = createRandom(2)
  for (let round = 0; round < 1000; round += 1) {
    const members = Array.from({ length: 2 + random.below(3) }, (_, index) =>
      memberOf(random, index, decisionOf(random)),
    )
    const before = setOf(...members.slice(1)).evaluate(inputOf())
    const after = setOf(...members).evaluate(inputOf())
    expect(strictness[after.effect]).toBeGreaterThanOrEqual(strictness[before.effect])
    const erred = members.some(({ policy }) => hasFault(policy.evaluate(inputOf())))
    if (erred) expect(after).toHaveProperty('fault', 'trap')
  }
})

test('a caller never sees more for it that a member judges beside another', () => {
  const random = createRandom(3)
  let compared = 0
  for (let round = 0; round < 3000; round += 1) {
    const document = documentOf(random)
    // One of them rewrites texts: of several that do, each sees what the ones before it left.
    const decisions = [decisionOf(random, true), decisionOf(random), decisionOf(random)]
    const members = decisions.map((decision, index) => memberOf(random, index, decision))
    const together = setOf(...members).evaluate(inputOf('post'))
    const left = seen(together, document)
    if (left === undefined) continue
    compared += 1
    for (const decision of decisions) {
      const alone = seen(decision, document)
      if (alone === undefined) continue
      const more = [...left].filter((leaf) => !alone.has(leaf))
      expect({ more, document, decisions }).toMatchObject({ more: [] })
    }
  }
  expect(compared).toBeGreaterThan(200)
})

test('patches that do not clash give the same in either order', () => {
  const random = createRandom(4)
  let compared = 0
  let clashes = 0
  for (let round = 0; round < 6000; round += 1) {
    const document = documentOf(random)
    const [one, other] = [patchOf(random), patchOf(random)]
    const clash = clashOf(one, other)
    expect(clashOf(other, one) === undefined).toBe(clash === undefined)
    if (clash !== undefined) {
      clashes += 1
      continue
    }
    if (one.type !== other.type || JSON.stringify(one) === JSON.stringify(other)) continue
    compared += 1
    expect(patched(document, [one, other])).toEqual(patched(document, [other, one]))
  }
  expect(clashes).toBeGreaterThan(300)
  expect(compared).toBeGreaterThan(300)
})

test('merge patches clash just where the later one would win', () => {
  const random = createRandom(5)
  const merge = (): Obligation & { type: 'merge' } => ({
    type: 'merge',
    root: 'response',
    value: constants(random, 3),
  })
  for (let round = 0; round < 2000; round += 1) {
    const document = documentOf(random)
    const [one, other] = [merge(), merge()]
    const isSame = isDeepStrictEqual(
      patched(document, [one, other]),
      patched(document, [other, one]),
    )
    expect(clashOf(one, other) === undefined).toBe(isSame)
  }
})

test('of an operation and a merge that do not clash both hold in the end', () => {
  const random = createRandom(6)
  let compared = 0
  for (let round = 0; round < 6000; round += 1) {
    const merge = { type: 'merge', root: 'response', value: constants(random, 2) } as const
    const operation = operationOf(random)
    if (operation.op !== 'add' && operation.op !== 'replace') continue
    const operations = { type: 'operations', operations: [operation] } as const
    const result = patched(documentOf(random), [operations, merge])
    const isOpen = result === 'does not apply' || /\/(?:-|\d)$/.test(operation.path)
    if (isOpen || clashOf(operations, merge) !== undefined) continue
    compared += 1
    const test = { type: 'operations', operations: [{ ...operation, op: 'test' }] } as const
    expect(patched(result as JsonValue, [test])).toEqual(result)
    expect(patched(result as JsonValue, [merge])).toEqual(result)
  }
  expect(compared).toBeGreaterThan(200)
})

function patched(document: JsonValue, obligations: readonly Obligation[]): unknown {
  const text = Buffer.from(`{"result":${JSON.stringify(document)}}`)
  const root = {
    name: 'response',
    span: { start: 10, end: text.length - 1 },
    isError: false,
  } as const
  try {
    const applied = applyObligations({ text, root, obligations, patterns })
    if (applied instanceof Promise) throw new Error('Nothing is rewritten here')
    return (JSON.parse(applied.text.toString()) as { readonly result: unknown }).result
  } catch (thrown) {
    if (thrown instanceof ObligationFault) return 'does not apply'
    throw thrown
  }
}
