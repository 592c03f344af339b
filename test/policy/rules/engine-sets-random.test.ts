import { expect, test } from 'vitest'
import type { Decision } from '../../../src/domain/decision.js'
import type { PolicySetMember } from '../../../src/policy/policy-set.js'
import type { RuleSet } from '../../../src/policy/rules/rule.js'
import { createRandom, type Random } from '../../support/random.js'
import { fixtureBundle } from '../fixtures.js'
import { member, setOf } from '../members.js'
import { policyOf, policyOfSet } from './engine.js'
import { classify, listAndCalls, randomCall, randomSet, shuffled } from './random-rules.js'
import { reachesFurther } from './engine-strictness.js'

const seeds = Array.from({ length: 40 }, (_, seed) => seed)
const layers = ['organisation', 'team', 'server', 'tool'] as const

test('rules say the same in one bundle and spread over several, in whatever order these are named', async () => {
  const met = new Set<string>()
  for (const seed of seeds) {
    const random = createRandom(seed)
    const set = randomSet(random)
    const whole = await policyOfSet(set, { classify })
    const members = await membersOf(random, set)
    const [one, other] = [setOf(...members), setOf(...shuffled(random, members))]
    for (let count = 0; count < 10; count += 1) {
      const call = randomCall(random)
      const decision = one.evaluate(call.input)
      expect(other.evaluate(call.input)).toEqual(decision)
      expect(felt(decision)).toEqual(felt(whole.evaluate(call.input)))
      const { list } = listAndCalls(call)
      expect(one.list(list)).toMatchObject({ effect: 'allow', names: namesOf(whole.list(list)) })
      met.add(decision.effect)
    }
  }
  expect([...met].sort()).toEqual(['allow', 'ask', 'deny', 'dry_run'])
})

test('Rego beside them never loosens what they say, nor they what it says', async () => {
  const { wasm, entrypoints, data } = await fixtureBundle('gateway')
  const rego = member('rego', await policyOf({}, { wasm, entrypoints, data }), 'team')
  const alone = setOf(rego)
  for (const seed of seeds) {
    const random = createRandom(seed)
    const members = await membersOf(random, randomSet(random))
    const [rules, both] = [setOf(...members), setOf(...shuffled(random, [...members, rego]))]
    for (let count = 0; count < 5; count += 1) {
      const { input } = randomCall(random)
      const decision = both.evaluate(input)
      for (const part of [rules, alone]) {
        expect(reachesFurther(decision, part.evaluate(input))).toBe(true)
      }
    }
  }
})

/** A bundle for each file. */
function membersOf(random: Random, set: RuleSet): Promise<readonly PolicySetMember[]> {
  return Promise.all(
    set.files.map(async (file, at) => {
      const policy = await policyOfSet({ ...set, files: [file] }, { classify })
      return member(`bundle-${at}`, policy, random.oneOf(layers))
    }),
  )
}

/** What a caller can feel, in no order. */
function felt(decision: Decision) {
  const isDone = decision.effect === 'allow' || decision.effect === 'dry_run'
  const obligations = isDone ? decision.obligations.map((each) => JSON.stringify(each)) : []
  return { effect: decision.effect, obligations: obligations.sort() }
}

function namesOf(decision: Decision): readonly unknown[] {
  return 'names' in decision ? (decision.names as readonly unknown[]) : []
}
