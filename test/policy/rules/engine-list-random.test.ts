import { expect, test } from 'vitest'
import type { Policy } from '../../../src/domain/ports.js'
import type { Rule, RuleSet } from '../../../src/policy/rules/rule.js'
import { createRandom, type Random } from '../../support/random.js'
import { inputOf, policyOfSet, request } from './engine.js'
import { classify, listAndCalls, randomCall, randomSet } from './random-rules.js'

const ofArguments = [
  '$n == 1',
  'has($n) && $n > 3',
  'tool.args.size() > 1',
  "args == {'n': 1}",
  'user.level > 1 || $n == 2',
]

const manyArguments = [{}, { n: 1 }, { n: 2 }, { n: 5, m: 'a' }, { n: 'text' }]

test('a tool is hidden where its calls are denied whatever the arguments, and nowhere else', async () => {
  let [hidden, shown] = [0, 0]
  for (let seed = 0; seed < 80; seed += 1) {
    const random = createRandom(seed)
    const set = withArguments(random, randomSet(random))
    const policy = await policyOfSet(set, { classify })
    const anyArguments = await policyOfSet(forAnyArguments(set), { classify })
    for (let count = 0; count < 6; count += 1) {
      const { list, calls } = listAndCalls(randomCall(random))
      const names = policy.hooks.list ? policy.list(list) : { names: calls.map(({ name }) => name) }
      const visible = new Set('names' in names ? names.names : [])
      for (const { name, input } of calls) {
        const isDenied = anyArguments.evaluate(input).effect === 'deny'
        expect({ seed, name, isHidden: !visible.has(name) }).toEqual({
          seed,
          name,
          isHidden: isDenied,
        })
        if (isDenied) expect(effectsOf(policy, name, input.call)).toEqual(new Set(['deny']))
        if (isDenied) hidden += 1
        else shown += 1
      }
    }
  }
  expect(Math.min(hidden, shown)).toBeGreaterThan(100)
})

function withArguments(random: Random, set: RuleSet): RuleSet {
  const files = set.files.map((file) => ({
    ...file,
    rules: file.rules.map((rule) =>
      rule.hook === 'pre' && random.below(3) === 0
        ? { ...rule, when: ofArguments[random.below(ofArguments.length)] }
        : rule,
    ),
  }))
  return { ...set, files }
}

/** What is left where arguments may be what they like: an allow of some of them, and a refusal of none. */
function forAnyArguments(set: RuleSet): RuleSet {
  const readsThem = ({ when = '' }: Rule): boolean => ofArguments.includes(when)
  const files = set.files.map((file) => ({
    ...file,
    rules: file.rules
      .filter((rule) => !readsThem(rule) || rule.action.effect === 'allow')
      .map((rule) => (readsThem(rule) ? { ...rule, when: undefined } : rule)),
  }))
  return { ...set, files }
}

function effectsOf(
  policy: Policy,
  name: string,
  { principal: user, server }: ReturnType<typeof request>,
): ReadonlySet<string> {
  const actionClass = classify(server, name)
  const decisions = manyArguments.map((args) => {
    const call = request('tools/call', { name, arguments: args }, { user, server })
    return policy.evaluate(inputOf(call, 'pre', { actionClass }))
  })
  return new Set(decisions.map(({ effect }) => effect))
}
