import { describe, expect, test } from 'vitest'
import { builtins } from '../../../src/policy/builtins/offered.js'
import { isRegoArray, parseRego } from '../../../src/policy/rego-text.js'
import type { RegoValue } from '../../../src/policy/rego-value.js'
import { fixtureEvaluator, inputOf } from '../evaluators.js'
import type { Opened } from '../evaluators.js'
import { time } from '../fixtures.js'
import { canonical, expected, families, vectorsOf } from './vectors.js'
import type { Vector } from './vectors.js'

/** Some of the vectors, from all over; the rest differs only in what vectors.test.ts sees as well. */
const callsOfEach = 150

const opened: Promise<Opened> = fixtureEvaluator('every-builtin', { budgetMs: 60_000 })

describe.each(families)('%s', (family) => {
  test.each(vectorsOf(family))(
    'a module that calls %s gets what OPA gets',
    async (name, vectors) => {
      const chosen = sampleOf(vectors.filter(([args]) => isJson(args)))
      const answers = await evaluate(name, chosen)
      const differing = chosen
        .map(([args, result], at) => ({ args, opa: asElements(result), ours: answers[at] }))
        .filter(({ opa, ours }) => opa !== ours)
      expect(answers).toHaveLength(chosen.length)
      expect(differing.slice(0, 5)).toEqual([])
    },
  )
})

test('the policy calls every builtin that is offered', async () => {
  const { evaluator } = await opened
  for (const name of Object.keys(builtins)) {
    const text = evaluator.evaluate(inputOf({ name, calls: [[]] }))
    expect([name, JSON.parse(text)]).toEqual([name, [{ result: [expect.any(Array)] }]])
  }
})

test('within a decision the time stands still, and a UUID belongs to its key', async () => {
  const { evaluator } = await opened
  const ask = (name: string, calls: unknown): unknown =>
    JSON.parse(evaluator.evaluate(inputOf({ name, calls })))
  expect(ask('time.now_ns', [[], []])).toEqual([{ result: [[time * 1e6], [time * 1e6]] }])
  const [{ result }] = ask('uuid.rfc4122', [['a'], ['b'], ['a']]) as [{ result: [string][] }]
  expect(result[0]).toEqual(result[2])
  expect(result[0]).not.toEqual(result[1])
  expect(result[0]?.[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(ask('uuid.rfc4122', [['a'], ['b'], ['a']])).toEqual([{ result }])
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function sampleOf(vectors: readonly Vector[]): readonly Vector[] {
  const step = Math.max(1, Math.ceil(vectors.length / callsOfEach))
  return vectors.filter((_, at) => at % step === 0)
}

async function evaluate(name: string, vectors: readonly Vector[]): Promise<readonly string[]> {
  const { evaluator } = await opened
  const calls = vectors.map(([args]) => args).join()
  const document = Buffer.from(`{"name":${JSON.stringify(name)},"calls":[${calls}]}`)
  const text = evaluator.evaluate({ hook: 'pre', time, document })
  const [, result = ''] = /^\[\{"result":([^]*)\}\]$/.exec(text) ?? []
  const answers = parseRego(result)
  return isRegoArray(answers) ? answers.map((answer) => unordered(answer)) : []
}

/** No element where the call is undefined, else the result. */
function asElements(result: string | null): string {
  const shown = expected(result)
  return shown === null ? '[]' : unordered([parseRego(shown.replace(/^set /, ''))])
}

/** The module writes a set as an array in an order of its own. */
function unordered(value: RegoValue): string {
  return isRegoArray(value) ? `[${value.map(unordered).sort().join()}]` : canonical(value)
}
