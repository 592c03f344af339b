import { expect, test } from 'vitest'
import { parseFieldPath } from '../../src/domain/field-path.js'
import type { Obligation, PatchOperation } from '../../src/domain/obligation.js'
import { applyObligations, ObligationFault } from '../../src/pipeline/oblige.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { createRandom, type Random } from '../support/random.js'
import { normalised, reference, type Value } from '../support/reference-obligations.js'

const patterns = createPatterns()
const passing = { onUnreadable: 'pass', onMissing: 'pass' } as const
const names = ['a', 'b', 'salary', 'a.b', 'é', '__proto__x', '0'] as const
const paths = [
  'salary',
  'a',
  'a.b',
  'a.salary',
  'b.a.salary',
  '"a.b"',
  'response.a',
  'response.a.b',
  'response.**.b',
  '[0]',
  'a[0]',
  'a[*]',
  'a.*.b',
  'response.*',
  'response.*.salary',
  'response.a.**',
  '**.b.salary',
  'b.**.a',
  '*.salary',
  'é',
  'a.0',
  'response.b[1]',
] as const

interface Leaf {
  readonly id: string
  readonly literal: string
}

/** A random document in random spelling; every leaf outside of strings has a literal of its own. */
function createDocument(random: Random) {
  const leaves: Leaf[] = []
  return { source: `{${space()}${object(4)}${space()}}`, leaves }

  function value(depth: number, isInside: boolean): string {
    switch (random.below(depth === 0 ? 3 : 7)) {
      case 0:
        return leaf(isInside)
      case 1:
        return random.oneOf([
          'null',
          'true',
          '""',
          '[ ]',
          '{ }',
          '-1.50',
          '"{"',
          '"\\ud83d\\ude00"',
        ])
      case 2:
        return leaf(isInside)
      case 3:
        return `[${list(depth, () => value(depth - 1, isInside))}]`
      case 4:
        return random.below(2) === 0 ? embedded(depth) : leaf(isInside)
      default:
        return `{${space()}${object(depth - 1, isInside)}${space()}}`
    }
  }
  function leaf(isInside: boolean): string {
    const number = 1000 + leaves.length
    const literal = random.oneOf([
      `9007199254${number}.0`,
      `${number}E2`,
      `"x\\u0079z-${number}"`,
      `"\\/xyz-${number}"`,
    ])
    if (!isInside) leaves.push({ id: JSON.stringify(JSON.parse(literal)), literal })
    return literal
  }
  function embedded(depth: number): string {
    // spelled as the reference spells it: patterns see that text too
    const inner = JSON.stringify(JSON.parse(value(depth - 1, true)))
    return JSON.stringify(random.oneOf(['', ' ', '\n']) + inner)
  }
  function object(depth: number, isInside = false): string {
    const used = new Set<string>()
    return list(depth, () => {
      let key: string = random.oneOf(names)
      while (used.has(key)) key += 'x'
      used.add(key)
      return `${spelled(key)}${space()}:${space()}${value(depth, isInside)}`
    })
  }
  function list(depth: number, item: () => string): string {
    return Array.from({ length: random.below(depth + 2) }, () => item() + space()).join(
      `,${space()}`,
    )
  }
  function spelled(key: string): string {
    return random.below(4) > 0 ? JSON.stringify(key) : JSON.stringify(key).replace('a', '\\u0061')
  }
  function space(): string {
    return random.oneOf(['', '', ' ', '\n\t'])
  }
}

function createObligation(random: Random): Obligation {
  const path = () => parseFieldPath(random.oneOf(paths))
  switch (random.below(5)) {
    case 0:
      return { type: 'filter', paths: [path(), path()], ...passing }
    case 1:
      return {
        type: 'mask',
        paths: [path(), path()],
        style: { type: 'text', text: random.oneOf(['****', '"\n']) },
        ...passing,
      }
    case 2:
      return { type: 'merge', root: 'response', value: createPatch(random, 3) }
    case 3:
      return { type: 'operations', operations: [createOperation(random), createOperation(random)] }
    default:
      return {
        type: 'replace',
        path: parseFieldPath(
          random.oneOf(['response.**', '**', 'a.**', 'a', 'response.a.**', 'salary', 'response.*']),
        ),
        pattern: patterns.compile(random.oneOf(['xyz', '[0-9]', 'z-1', 'é'])),
        with: random.oneOf(['', 'q', '"']),
      }
  }
}

function createPatch(random: Random, depth: number): { [key: string]: Value } {
  return Object.fromEntries(
    Array.from({ length: 1 + random.below(2) }, () => [
      random.oneOf(names),
      depth > 0 && random.below(3) > 0
        ? createPatch(random, depth - 1)
        : random.oneOf<Value>([null, 1, ['x', null], 'salary']),
    ]),
  )
}

function createOperation(random: Random): PatchOperation {
  const pointer = () =>
    [
      '/response',
      ...Array.from({ length: random.below(3) }, () =>
        random.oneOf(['a', 'b', 'salary', '0', '1', '-']),
      ),
    ].join('/')
  const [path, from] = [pointer(), pointer()]
  const value = random.oneOf<Value>([null, 1, { a: { b: [1] } }, [[]], 'x'])
  return random.oneOf<PatchOperation>([
    { op: 'add', path, value },
    { op: 'replace', path, value },
    { op: 'test', path, value },
    { op: 'remove', path },
    { op: 'move', path, from },
    { op: 'copy', path, from },
  ])
}

function applied(
  source: string,
  obligation: Obligation,
): { text: string; changed: boolean } | undefined {
  const text = Buffer.from(source)
  const root = { name: 'response', span: { start: 0, end: text.length }, isError: false } as const
  try {
    const result = applyObligations({ text, root, obligations: [obligation], patterns })
    if (result instanceof Promise) throw new Error('expected a result at once')
    expect(result.text === text).toBe(!result.changed)
    return { text: result.text.toString(), changed: result.changed }
  } catch (thrown) {
    if (thrown instanceof ObligationFault) return undefined
    throw thrown
  }
}

function leavesIn(value: Value): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(leavesIn)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leavesIn)
  return [JSON.stringify(value)]
}

test('random obligations give what a plain reference gives, and keep every literal that they do not name', () => {
  const seen = { changed: 0, faults: 0, kept: 0 }
  for (let seed = 0; seed < 2000; seed += 1) {
    const random = createRandom(seed)
    const { source, leaves } = createDocument(random)
    const obligation = createObligation(random)
    const expected = reference(JSON.parse(source) as Value, [obligation])
    const result = applied(source, obligation)
    const context = `seed ${seed}\n${source}\n${JSON.stringify(obligation)}`
    if (expected === undefined || result === undefined) {
      expect(result, context).toBe(expected)
      seen.faults += 1
      continue
    }
    expect(normalised(JSON.parse(result.text) as Value), context).toEqual(normalised(expected))
    if (result.changed) seen.changed += 1
    const stay = new Set(leavesIn(expected))
    for (const { id, literal } of leaves) {
      if (!stay.has(id)) continue
      expect(result.text, context).toContain(literal)
      seen.kept += 1
    }
  }
  expect(seen.changed).toBeGreaterThan(500)
  expect(seen.faults).toBeGreaterThan(100)
  expect(seen.kept).toBeGreaterThan(500)
})

test('several random obligations give what the plain reference gives, filters and masks at once', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = createRandom(seed + 1_000_000)
    const { source } = createDocument(random)
    const obligations = Array.from({ length: 3 }, () => createObligation(random))
    const expected = reference(JSON.parse(source) as Value, obligations)
    const text = Buffer.from(source)
    const root = { name: 'response', span: { start: 0, end: text.length }, isError: false } as const
    const all = () => applyObligations({ text, root, obligations, patterns })
    if (expected === undefined) {
      expect(all).toThrow(ObligationFault)
      continue
    }
    const result = all()
    if (result instanceof Promise) throw new Error('expected a result at once')
    const after = JSON.parse(result.text.toString()) as Value
    expect(normalised(after), `seed ${seed}\n${source}`).toEqual(normalised(expected))
  }
})
