import { describe, expect, test } from 'vitest'
import type { Hook } from '../../src/domain/decision.js'
import { policyInput } from '../../src/domain/policy-input.js'
import { compilePolicy } from '../../src/policy/compile.js'
import type { PolicyParts } from '../../src/policy/compile.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { fixtureBundle, judge, judgeResponse, otherCall, time, toolCall } from './fixtures.js'

const usual = {
  patterns: createPatterns(),
  limits: { maxInputBytes: 1 << 16, budgetMs: 25 },
  largeInput: { calls: 'deny', responses: 'deny' },
  classify: () => 'unknown' as const,
} as const

async function policyOf(name: string, changes: Partial<PolicyParts> = {}) {
  return compilePolicy(await fixtureBundle(name), { ...usual, ...changes })
}

describe('a decision beyond what it may take is a policy error that names the rule', () => {
  test.each([
    ['time', 25, 'policy_error: budget (data.mcp.endless)'],
    ['result', 1000, 'policy_error: result_too_large'],
  ])('%s', async (fault, budgetMs, reason) => {
    const policy = await policyOf('runaway', { limits: { maxInputBytes: 1 << 16, budgetMs } })
    const text = 'x'.repeat(1000)
    const call = toolCall('any', JSON.stringify({ fault, text }))
    expect(judge(policy, call)).toMatchObject({ code: 'policy_error', reason })
    expect(judge(policy, toolCall('any')).effect).toBe('allow')
  })

  test('a result that is nested too deep', async () => {
    const policy = await policyOf('echo')
    const nested = (depth: number) =>
      toolCall('any', `{"result":{"allow":true,"labels":${'['.repeat(depth)}${']'.repeat(depth)}}}`)
    expect(judge(policy, nested(200))).toMatchObject({ fault: 'result_too_large' })
    expect(judge(policy, nested(90))).toMatchObject({ fault: 'invalid_result' })
    const brackets = toolCall('any', `{"result":{"allow":true,"reason":"${'[{'.repeat(300)}\\""}}`)
    expect(judge(policy, brackets)).toMatchObject({ effect: 'allow' })
  })

  test('builtins of the host are paid for before they run', async () => {
    const policy = await policyOf('host-builtins', {
      limits: { maxInputBytes: 1 << 16, budgetMs: 20 },
    })
    const asked = (times: number) =>
      judgeResponse(policy, toolCall('any'), JSON.stringify({ text: 'x'.repeat(1000), times }))
    expect(asked(3)).toMatchObject({ effect: 'allow', reason: '3' })
    expect(asked(1_000_000)).toMatchObject({
      fault: 'budget',
      reason: expect.stringContaining('data.mcp.'),
    })
    expect(asked(3).effect).toBe('allow')
  })
})

describe('builtins of the host', () => {
  test('get and give values of all kinds', async () => {
    const policy = await policyOf('host-builtins')
    const text = '"ü\u0000\u{1f600}\\'
    expect(judge(policy, toolCall('any', JSON.stringify({ text })))).toMatchObject({
      reason: `{1.50, "a", "b"} ${text}`,
    })
    expect(judge(policy, toolCall('any', '{"text":12345678901234567890}'))).toMatchObject({
      reason: '{1.50, "a", "b"} 12345678901234567890',
    })
  })

  test('know no time but that of the call', async () => {
    const policy = await policyOf('host-builtins')
    const call = toolCall('any', '{"text":""}')
    for (const moment of [time, 1, 1_700_000_000_123]) {
      const input = policyInput({ call, hook: 'pre', time: moment, inputHeaders: 'all' })
      expect(policy.evaluate(input)).toMatchObject({ labels: { now: `${moment}000000` } })
    }
  })
})

test('the fuel of every evaluation is told once, that of one that failed too', async () => {
  const told: [Hook, number][] = []
  const policy = await policyOf('runaway', { meter: (hook, fuel) => told.push([hook, fuel]) })
  told.length = 0
  for (const args of ['{}', '{"fault":"time"}', '{}']) judge(policy, toolCall('any', args))
  judge(policy, toolCall('any', JSON.stringify({ text: 'x'.repeat(1 << 16) })))
  expect(told.map(([hook]) => hook)).toEqual(['pre', 'pre', 'pre'])
  expect(told[0]).toEqual(told[2])
  expect(told[1]?.[1]).toBeGreaterThan(told[0]?.[1] ?? Infinity)
})

describe('a document over the limit', () => {
  const large = JSON.stringify({ text: 'x'.repeat(1 << 17), n: 101 })
  const projecting = { calls: 'project', responses: 'deny' } as const

  test('is refused', async () => {
    const policy = await policyOf('bounds')
    expect(judge(policy, toolCall('any', large))).toMatchObject({ fault: 'input_too_large' })
  })

  test('is shown with its long texts left out where that is asked for', async () => {
    const policy = await policyOf('bounds', { largeInput: projecting })
    expect(judge(policy, toolCall('any', large))).toMatchObject({ reason: 'too_many' })
  })

  test('is refused where leaving out long texts is not enough, and where it is not asked for', async () => {
    const policy = await policyOf('echo', { largeInput: projecting })
    const numbers = JSON.stringify({ result: true, numbers: Array(1 << 16).fill(1) })
    expect(judge(policy, toolCall('any', numbers))).toMatchObject({ fault: 'input_too_large' })
    expect(judgeResponse(policy, toolCall('any'), large)).toMatchObject({
      fault: 'input_too_large',
    })
  })
})

describe('the cases of a bundle', () => {
  const caseOf = (name: string, args: string) => ({
    name,
    input: policyInput({
      call: toolCall('any', args),
      hook: 'pre',
      time,
      inputHeaders: 'all',
    }),
  })

  test('are decided before it is used, whatever is decided', async () => {
    const cases = [caseOf('allowed', '{}'), caseOf('denied', '{"fault":"member"}')]
    expect((await policyOf('conflict', { cases })).hooks.pre).toBe(true)
  })

  test.each([
    ['conflict', '{"fault":"rule"}', /case "broken": policy_error: conflict \(mcp\.rego:7:1\)/],
    ['undefined', '{}', /case "broken": policy_error: undefined/],
    ['echo', '{"result":{"alow":true}}', /case "broken": policy_error: invalid_result \(.*alow/],
  ])('that have no decision are a reason to refuse it: %s', async (name, args, message) => {
    const cases = [caseOf('broken', args)]
    await expect(policyOf(name, { cases })).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringMatching(message),
    })
  })
})

test('a retired policy still decides what began under it', async () => {
  const policy = await policyOf('gateway')
  const before = judge(policy, toolCall('temp.convert', '{"value":-500}'))
  policy.retire()
  policy.retire()
  expect(judge(policy, toolCall('temp.convert', '{"value":-500}'))).toEqual(before)
  expect(judge(policy, otherCall('ping')).effect).toBe('allow')
})
