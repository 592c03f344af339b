import { expect, test } from 'vitest'
import type { Policy } from '../../src/domain/ports.js'
import { createActivePolicy } from '../../src/policy/active-policy.js'
import { fixturePolicy } from './fixtures.js'

test('there is no policy at first', () => {
  expect(createActivePolicy().current()).toMatchObject({ state: 'absent' })
})

test('without a policy the latest reason is shown', () => {
  const active = createActivePolicy()
  active.refuse('digest', 'wrong digest')
  expect(active.current()).toEqual({ state: 'refused', fault: 'digest', message: 'wrong digest' })
  active.markAbsent('no file')
  expect(active.current()).toEqual({ state: 'absent', message: 'no file' })
})

test('the last good policy stays in force until a better one is there', async () => {
  const [first, second] = [await fixturePolicy('bounds'), await fixturePolicy('echo')]
  const active = createActivePolicy()
  active.activate(first)
  active.refuse('signature', 'unsigned')
  active.markAbsent('gone')
  expect(active.current()).toEqual({ state: 'active', policy: first })
  active.activate(second)
  expect(active.current()).toEqual({ state: 'active', policy: second })
})

async function countedPolicies(count: number) {
  const policy = await fixturePolicy('bounds')
  const retired: number[] = []
  const policies = Array.from({ length: count }, (_, index): Policy => {
    return { ...policy, retire: () => void retired.push(index) }
  })
  return { policies, retired }
}

test('of thousands of activations all but the latest two are retired, each once and in their order', async () => {
  const { policies, retired } = await countedPolicies(3000)
  const active = createActivePolicy()
  for (const policy of policies) active.activate(policy)
  expect(retired).toEqual(Array.from({ length: 2998 }, (_, index) => index))
})

test('a policy that is activated again is not retired', async () => {
  const { policies, retired } = await countedPolicies(4)
  const [first, second, third, fourth] = policies as [Policy, Policy, Policy, Policy]
  const active = createActivePolicy()
  for (let round = 0; round < 10; round++) active.activate(first)
  expect(retired).toEqual([])
  for (const policy of [second, first, second, first]) active.activate(policy)
  expect(retired).toEqual([])
  for (const policy of [third, fourth]) active.activate(policy)
  expect(retired).toEqual([1, 0])
})
