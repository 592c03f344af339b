import { describe, expect, test } from 'vitest'
import { policyInput } from '../../src/domain/policy-input.js'
import type { Policy } from '../../src/domain/ports.js'
import { fixturePolicy, otherCall, time } from './fixtures.js'

function names(policy: Policy, items: string, headers: Record<string, string> = {}) {
  const text = Buffer.from(`{"tools": ${items} }`)
  const span = { start: 10, end: text.length - 2 }
  const call = otherCall('tools/list', { headers })
  return policy.list(
    policyInput({ call, hook: 'list', time, inputHeaders: 'all', items: { text, span } }),
  )
}

describe('mcp/list', async () => {
  const policy = await fixturePolicy('lists')

  test('gives the names that stay, as a set or an array', async () => {
    const items = '[{"name":"open"},{"name":"secret"},{"name":"\\u00fc"}]'
    const shown = names(policy, items)
    expect(shown).toMatchObject({ effect: 'allow', revision: 'lists-1', obligations: [] })
    expect(shown.effect === 'allow' && [...shown.names].sort()).toEqual(['open', 'ü'])
    const array = names(await fixturePolicy('gateway'), '[{"name":"database.backup"}]')
    expect(array).toMatchObject({ effect: 'allow', names: [] })
  })

  test('is asked with the page, on its way to the client', () => {
    const text = Buffer.from('[{"big":12345678901234567890}]')
    const call = otherCall('tools/list')
    const items = { text, span: { start: 0, end: text.length } }
    const { document } = policyInput({ call, hook: 'list', time, inputHeaders: 'all', items })
    const shown = document.toString()
    expect(shown).toContain('"items":[{"big":12345678901234567890}]}')
    expect(JSON.parse(shown)).toMatchObject({
      kind: 'tools/list',
      hook: 'list',
      direction: 'to_client',
      params: {},
    })
  })

  test.each([
    ['another type', { 'x-list': 'broken' }, 'invalid_result'],
    ['nothing', { 'x-list': 'nothing' }, 'undefined'],
  ])('is a policy error where it gives %s', (_what, headers, fault) => {
    expect(names(policy, '[]', headers)).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      fault,
    })
  })

  test('is a policy error where the items hold half a surrogate, and harms no list after it', () => {
    for (let round = 0; round < 20; round += 1) {
      expect(names(policy, '[{"name":"\\ud800"}]')).toMatchObject({ fault: 'input' })
    }
    expect(names(policy, '[{"name":"a"}]')).toMatchObject({ names: ['a'] })
  })

  test('is a policy error where the policy has none', async () => {
    expect(names(await fixturePolicy('bounds'), '[]')).toMatchObject({ fault: 'undefined' })
  })
})
