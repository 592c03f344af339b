import { describe, expect, test } from 'vitest'
import { strictness, type Decision } from '../../../src/domain/decision.js'
import type { Policy } from '../../../src/domain/ports.js'
import { reachesFurther } from './engine-strictness.js'
import type { Rule, RuleFile, RuleSet } from '../../../src/policy/rules/rule.js'
import { naiveDecision } from '../../support/naive-rules.js'
import { createRandom, type Random } from '../../support/random.js'
import { policyOfSet } from './engine.js'
import {
  classify,
  listAndCalls,
  randomCall,
  randomFile,
  randomRule,
  randomSet,
  shuffled,
} from './random-rules.js'

const sets = await Promise.all(
  Array.from({ length: 50 }, async (_, seed) => {
    const set = randomSet(createRandom(seed))
    return { seed, set, policy: await policyOfSet(set, { classify }) }
  }),
)
const callsEach = 12

/** Runs what is to hold for many sets. */
async function forEachSet(
  check: (random: Random, set: RuleSet, policy: Policy) => Promise<void> | void,
): Promise<void> {
  for (const { seed, set, policy } of sets) await check(createRandom(1000 + seed), set, policy)
}

/** What is told of a decision by rules whose duties can be told by their rule's id. */
function told(decision: Decision) {
  const { effect, reason, rules, warnings, trial } = decision
  const isFault = decision.effect === 'deny' && decision.fault !== undefined
  return { effect, reason, isFault, rules, warnings, trial: trial.map(({ rule }) => rule) }
}

describe('many sets of rules, each asked about many calls', () => {
  test('decide as a reading straight down the page does', async () => {
    const met = new Map<string, number>()
    await forEachSet((random, set, policy) => {
      for (let count = 0; count < 3 * callsEach; count += 1) {
        const { input, naive, meanings } = randomCall(random)
        const { duties, ...expected } = naiveDecision(set, naive, meanings)
        const decision = policy.evaluate(input)
        expect(told(decision)).toEqual(expected)
        const isObliged = 'obligations' in decision && decision.obligations.length > 0
        expect(isObliged).toBe(duties.length > 0)
        const kind = expected.isFault ? 'fault' : isObliged ? 'obliged' : decision.effect
        met.set(kind, (met.get(kind) ?? 0) + 1)
      }
    })
    for (const kind of ['allow', 'deny', 'ask', 'dry_run', 'fault', 'obliged']) {
      expect(met.get(kind), kind).toBeGreaterThan(12)
    }
  })

  test('decide the same in any order of files, rules and matchers', async () => {
    await forEachSet(async (random, set, policy) => {
      const mixed = await policyOfSet(shuffledSet(random, set))
      for (let count = 0; count < callsEach; count += 1) {
        const { input } = randomCall(random)
        expect(mixed.evaluate(input)).toEqual(policy.evaluate(input))
      }
    })
  })

  test('never loosen by another file, whatever its layer and its rules', async () => {
    await forEachSet(async (random, set, policy) => {
      const ids = new Set(set.files.flatMap(({ rules }) => rules.map(({ id }) => id)))
      const more = await policyOfSet({
        ...set,
        files: [...set.files, randomFile(random, 'z', ids)],
      })
      for (let count = 0; count < callsEach; count += 1) {
        const { input } = randomCall(random)
        expectNoLooser(more.evaluate(input), policy.evaluate(input))
      }
    })
  })

  test('never loosen by a rule that is no allow', async () => {
    await forEachSet(async (random, set, policy) => {
      const more = await policyOfSet(
        withRule(random, set, ({ action }) => action.effect !== 'allow'),
      )
      for (let count = 0; count < callsEach; count += 1) {
        const { input } = randomCall(random)
        expectNoLooser(more.evaluate(input), policy.evaluate(input))
      }
    })
  })

  test('change nothing but the record by a rule that warns, audits or is on trial', async () => {
    const isHarmless = ({ action, mode }: Rule) =>
      mode !== 'enforce' || action.effect === 'warn' || action.effect === 'audit'
    await forEachSet(async (random, set, policy) => {
      const more = await policyOfSet(withRule(random, set, isHarmless))
      for (let count = 0; count < callsEach; count += 1) {
        const { input } = randomCall(random)
        expect(consequences(more.evaluate(input))).toEqual(consequences(policy.evaluate(input)))
      }
    })
  })

  test('list the tools whose calls they would not deny', async () => {
    let hidden = 0
    await forEachSet((random, _set, policy) => {
      if (!policy.hooks.list) return
      for (let count = 0; count < callsEach; count += 1) {
        const { list, calls } = listAndCalls(randomCall(random))
        const permitted = calls.filter(({ input }) => policy.evaluate(input).effect !== 'deny')
        const names = permitted.map(({ name }) => name)
        expect(policy.list(list)).toMatchObject({ effect: 'allow', names })
        hidden += calls.length - names.length
      }
    })
    expect(hidden).toBeGreaterThan(50)
  })

  test('explain the decision that they give, and one file decides it', async () => {
    await forEachSet((random, _set, policy) => {
      for (let count = 0; count < callsEach; count += 1) {
        const { input } = randomCall(random)
        const decision = policy.evaluate(input)
        const explained = policy.explain?.(input)
        expect(explained?.decision).toEqual(decision)
        const { files = [] } = explained ?? {}
        const strictest = Math.max(0, ...files.map(({ effect }) => strictness[effect]))
        expect(strictest).toBe(strictness[decision.effect])
        expect(files.filter(({ decides }) => decides)).toHaveLength(files.length === 0 ? 0 : 1)
        const told = files.flatMap(({ rules }) => rules.map(({ id }) => id))
        const ownRules = decision.rules.filter((rule) => !rule.endsWith(':default'))
        expect(told).toEqual(expect.arrayContaining(ownRules))
      }
    })
  })
})

function shuffledSet(random: Random, set: RuleSet): RuleSet {
  const files = set.files.map((file): RuleFile => {
    const rules = shuffled(random, file.rules).map((rule): Rule => {
      const lists = Object.entries(rule.match).map(
        ([name, list]) => [name, shuffled<string>(random, list as readonly string[])] as const,
      )
      return { ...rule, match: Object.fromEntries(shuffled(random, lists)) }
    })
    return { ...file, rules }
  })
  return { ...set, files: shuffled(random, files) }
}

function withRule(random: Random, set: RuleSet, fits: (rule: Rule) => boolean): RuleSet {
  const ids = new Set(set.files.flatMap(({ rules }) => rules.map(({ id }) => id)))
  let rule = randomRule(random, ids)
  while (!fits(rule)) rule = randomRule(random, ids)
  const at = random.below(set.files.length)
  const files = set.files.map((file, index) => {
    if (index !== at) return file
    const mode = file.mode === 'enforce' ? rule.mode : file.mode
    return { ...file, rules: [...file.rules, { ...rule, mode }] }
  })
  return { ...set, files }
}

function expectNoLooser(now: Decision, before: Decision): void {
  expect(reachesFurther(now, before)).toBe(true)
}

/** Of a decision what a caller can feel. */
function consequences(decision: Decision): Partial<Decision> {
  const { effect, reason } = decision
  const obligations = 'obligations' in decision ? decision.obligations : []
  return { effect, reason, ...(effect === 'allow' || effect === 'dry_run' ? { obligations } : {}) }
}
