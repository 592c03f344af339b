import { expect, test } from 'vitest'
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
