import { expect, test } from 'vitest'
import { createRandom } from '../support/random.js'
import { evaluatorOf, inputOf } from './evaluators.js'
import type { Opened } from './evaluators.js'
import { fixtureBundle } from './fixtures.js'

const bundle = await fixtureBundle('expressions')

const inputs = [
  {},
  { pattern: 'a+b', text: 'aab' },
  { pattern: '(a', text: 'aab' },
  { pattern: '((a{0,100}){0,100}){0,100}b', text: 'a' },
  { pattern: '(?P<name>\\pL)|x{2,3}', text: 'ü' },
  { glob: '*.b', text: 'a.b' },
  { glob: '{a', text: 'a.b' },
  { groups: '(?P<first>a)(b)?', text: 'abaab' },
  { pattern: 'x', text: 'aab', glob: 'y', groups: '(z' },
].map((value) => inputOf(value))

function saidBy({ evaluator }: Opened, input = inputs[0]): readonly unknown[] {
  if (input === undefined) return []
  try {
    return [evaluator.evaluate(input), evaluator.fuelUsed()]
  } catch (thrown) {
    return [thrown, evaluator.fuelUsed()]
  }
}

test('an evaluation takes the same fuel after any other as it takes in a new instance', async () => {
  const first = []
  for (const input of inputs) first.push(saidBy(await evaluatorOf(bundle), input))
  const opened = await evaluatorOf(bundle)
  const random = createRandom(7)
  for (let round = 0; round < 500; round++) {
    const at = random.below(inputs.length)
    expect([at, ...saidBy(opened, inputs[at])]).toEqual([at, ...(first[at] ?? [])])
  }
})
