import { describe, expect, test } from 'vitest'
import { policyInput } from '../../src/domain/policy-input.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { inspectPolicy } from '../../src/policy/inspect.js'
import { createPatterns } from '../../src/policy/patterns.js'
import {
  fixtureBundle,
  fixturePolicy,
  judge,
  judgeResponse,
  otherCall,
  time,
  toolCall,
} from './fixtures.js'

const patterns = createPatterns()
const compile = (bundle: Bundle) =>
  compilePolicy(bundle, {
    patterns,
    limits: { maxInputBytes: 1 << 20, budgetMs: 1000 },
    largeInput: { calls: 'deny', responses: 'deny' },
    classify: () => 'unknown',
  })

describe('a policy with all three hooks', async () => {
  const policy = await fixturePolicy('gateway')
  const dev = {
    id: 'alice@org',
    roles: ['dev'],
    teams: [],
    authenticated: true,
    via: 'jwt',
    claims: {},
  } as const

  test('has the revision and digest of its bundle', async () => {
    const bundle = await fixtureBundle('gateway')
    expect(policy).toMatchObject({ revision: 'gateway-1', digest: bundle.digest })
    expect(policy.hooks).toEqual({ pre: true, post: true, list: true })
  })

  test('passes the handshake', () => {
    for (const kind of ['initialize', 'ping', 'notifications/initialized']) {
      expect(judge(policy, otherCall(kind)).effect).toBe('allow')
    }
  })

  test('refuses a tool by role and names the rule', () => {
    expect(judge(policy, toolCall('database.backup', '{}', { principal: dev }))).toEqual({
      effect: 'deny',
      engine: 'rego',
      rules: ['admin-only'],
      revision: 'gateway-1',
      warnings: [],
      labels: {},
      trial: [],
      code: 'policy_deny',
      reason: 'role_mismatch',
      remedy: '',
      retryAfterSec: undefined,
      fault: undefined,
    })
    const admin = { ...dev, roles: ['admin'] }
    expect(judge(policy, toolCall('database.backup', '{}', { principal: admin })).effect).toBe(
      'allow',
    )
  })

  test('refuses arguments out of bounds', () => {
    expect(judge(policy, toolCall('temp.convert', '{"value":-500}'))).toMatchObject({
      effect: 'deny',
      code: 'validation_failed',
      reason: 'out_of_bounds',
    })
  })

  test('changes arguments', () => {
    expect(judge(policy, toolCall('weather.get', '{"city":"Berlin"}'))).toMatchObject({
      effect: 'allow',
      obligations: [{ type: 'merge', root: 'args', value: { units: 'metric' } }],
    })
  })

  test('cleans responses', () => {
    const decision = judgeResponse(policy, toolCall('weather.get'), '{"content":[]}')
    expect(decision).toMatchObject({
      effect: 'allow',
      obligations: [
        { type: 'replace', path: { source: 'response.**' }, with: '' },
        { type: 'filter', paths: [{ source: 'salary' }] },
        { type: 'mask', paths: [{ root: 'response' }], style: { text: '[hidden]' } },
      ],
    })
  })
})

describe('what cannot be decided', () => {
  test('a result that is undefined is a policy error', async () => {
    const policy = await fixturePolicy('undefined')
    expect(judge(policy, toolCall('any'))).toMatchObject({
      effect: 'deny',
      code: 'policy_error',
      fault: 'undefined',
      reason: 'policy_error: undefined',
    })
    expect(judge(policy, otherCall('ping')).effect).toBe('allow')
  })

  test('two thousand conflicts in a row are policy errors and harm no call in between', async () => {
    const policy = await fixturePolicy('conflict')
    for (let round = 0; round < 2000; round++) {
      const fault = round % 2 === 0 ? '{"fault":"rule"}' : '{"fault":"member","names":["a","a"]}'
      const decision = judge(policy, toolCall('any', fault))
      if (decision.effect !== 'deny' || decision.fault !== 'conflict') expect(decision).toBe(fault)
      if (round % 50 === 0) expect(judge(policy, toolCall('any')).effect).toBe('allow')
    }
    expect(judge(policy, toolCall('any')).effect).toBe('allow')
    expect(judge(policy, toolCall('any', '{"fault":"rule"}'))).toMatchObject({
      reason: 'policy_error: conflict (mcp.rego:7:1)',
    })
  })

  test('a result too deep to read is a trap, and the next call is decided', async () => {
    const policy = await fixturePolicy('echo')
    const deep = `{"result":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    for (let round = 0; round < 5; round++) {
      expect(judge(policy, toolCall('any', deep))).toMatchObject({ effect: 'deny', fault: 'trap' })
      expect(judge(policy, toolCall('any', '{"result":true}')).effect).toBe('allow')
    }
  })

  test('a hook that the policy does not have is a policy error', async () => {
    const policy = await fixturePolicy('bounds')
    expect(policy.hooks).toEqual({ pre: true, post: false, list: false })
    expect(judgeResponse(policy, toolCall('any'), '{}')).toMatchObject({ fault: 'undefined' })
  })
})

describe('hostile input', () => {
  test('lone surrogates are refused, in calls and in responses, and harm no call in between', async () => {
    const policy = await fixturePolicy('echo')
    const good = toolCall('any', '{"result":true}')
    const { message } = good
    for (let round = 0; round < 1100; round++) {
      const bad = toolCall('any', '{"result":"\\ud800"}')
      const flagged = { ...bad, message: { ...bad.message, wellFormed: false } }
      const decision = judge(policy, round % 2 === 0 ? bad : flagged)
      if (decision.effect !== 'deny' || decision.fault !== 'input') expect(decision).toBe('input')
    }
    expect(judgeResponse(policy, good, '{"result":"\\uDC00"}')).toMatchObject({ fault: 'input' })
    expect(judgeResponse(policy, good, '{"x":"\\ud83d\\ude00","result":true}').effect).toBe('allow')
    expect(judge(policy, { ...good, message }).effect).toBe('allow')
  })

  test('a document that is not an object never reaches a policy that allows by default', async () => {
    const policy = await fixturePolicy('default-allow')
    const judged = toolCall('forbidden')
    for (const text of ['', 'null', '0', 'false', '""', '{"tool":', '\ufeff{}', ' {}', '{}x']) {
      const document = Buffer.from(text)
      const input = { hook: 'pre', call: judged, time, actionClass: 'unknown', document } as const
      expect(policy.evaluate(input)).toMatchObject({
        effect: 'deny',
        fault: 'input',
      })
    }
    expect(judge(policy, judged).effect).toBe('deny')
    expect(judge(policy, toolCall('other')).effect).toBe('allow')
  })

  test('a document over the limit is refused unread', async () => {
    const policy = await fixturePolicy('default-allow', 2000)
    expect(judge(policy, toolCall('any', `{"a":"${'x'.repeat(2000)}"}`))).toMatchObject({
      code: 'policy_error',
      fault: 'input_too_large',
    })
  })

  test.each(['1e400', '101', '100.00000000000000000001', '9'.repeat(400)])(
    'a bound holds for the number as it is spelled: %s',
    async (number) => {
      const policy = await fixturePolicy('bounds')
      expect(judge(policy, toolCall('any', `{"n":${number}}`))).toMatchObject({
        reason: 'too_many',
      })
      expect(judge(policy, toolCall('any', '{"n":-1e400}')).effect).toBe('allow')
    },
  )
})

describe('a set of reasons', async () => {
  const policy = await fixturePolicy('reasons')

  test('allows when it is empty', () => {
    expect(judge(policy, toolCall('any', '{"reasons":[]}')).effect).toBe('allow')
  })

  test('gives the same reason whatever order the module keeps it in', () => {
    for (const reasons of [
      ['b', 'a', 'c'],
      ['c', 'b', 'a'],
      ['a', 'c', 'b'],
    ]) {
      expect(judge(policy, toolCall('any', JSON.stringify({ reasons })))).toMatchObject({
        effect: 'deny',
        code: 'policy_deny',
        reason: 'a',
        warnings: ['b', 'c'],
      })
    }
  })
})

describe('a bundle that is refused', () => {
  test.each([
    ['missing-builtin', /http\.send \(.*no network\); opa\.runtime \(.*\); rand\.intn \(.*\)$/],
    ['unsafe-builtin', /yaml\.unmarshal \(use json\.unmarshal, or data\.json\)$/],
  ])('calls what is not offered, each named with what to do instead: %s', async (name, message) => {
    await expect(compile(await fixtureBundle(name))).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringMatching(message) as string,
    })
  })

  test('has data and no policy', async () => {
    const bundle = { ...(await fixtureBundle('bounds')), wasm: undefined }
    await expect(compile(bundle)).rejects.toMatchObject({ fault: 'check' })
  })

  test('has no mcp/pre', async () => {
    await expect(compile(await fixtureBundle('no-pre'))).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('mcp/pre') as string,
    })
  })

  test('has a manifest that names other entrypoints', async () => {
    const bundle = { ...(await fixtureBundle('bounds')), entrypoints: ['mcp/pre', 'mcp/post'] }
    await expect(compile(bundle)).rejects.toMatchObject({ fault: 'check' })
  })

  test('is not WebAssembly, or not a policy', async () => {
    const bundle = await fixtureBundle('bounds')
    await expect(compile({ ...bundle, wasm: Buffer.from('gzip') })).rejects.toMatchObject({
      fault: 'compile',
    })
    const empty = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    await expect(compile({ ...bundle, wasm: empty })).rejects.toMatchObject({ fault: 'compile' })
  })

  test.each(['[]', '{"a":', '', 'null'])('has data that is no object: %s', async (data) => {
    const bundle = { ...(await fixtureBundle('bounds')), data: Buffer.from(data) }
    await expect(compile(bundle)).rejects.toMatchObject({ fault: 'check' })
  })

  test('breaks off on most sample inputs', async () => {
    const bundle = await fixtureBundle('limit')
    expect((await compile(bundle)).hooks.pre).toBe(true)
    const data = Buffer.from('{"mcp":{"limit":1e999999999999}}')
    await expect(compile({ ...bundle, data })).rejects.toMatchObject({
      fault: 'check',
      message: expect.stringContaining('breaks off') as string,
    })
  })

  test('has data that the module cannot read', async () => {
    const bundle = { ...(await fixtureBundle('bounds')), data: Buffer.from('{"a":"\\ud800"}') }
    await expect(compile(bundle)).rejects.toMatchObject({ fault: 'check' })
  })
})

describe('inspecting', () => {
  test('shows what a policy is made of', async () => {
    expect(await inspectPolicy(await fixtureBundle('gateway'))).toEqual({
      entrypoints: ['mcp/list', 'mcp/post', 'mcp/pre'],
      builtins: [],
      abi: '1.3',
      rules: [],
      ruleWarnings: [],
      warnings: [],
    })
    expect((await inspectPolicy(await fixtureBundle('format'))).builtins).toEqual(['sprintf'])
  })

  test('warns of a handshake that is not passed', async () => {
    const { warnings } = await inspectPolicy(await fixtureBundle('undefined'))
    expect(warnings).toEqual([
      'mcp/pre does not pass notifications/initialized for an anonymous user (deny: policy_error: undefined): clients cannot connect',
    ])
  })
})

test('large data is there for every instance', async () => {
  const bundle = await fixtureBundle('gateway')
  const members = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 'value'.repeat(5)]),
  )
  const config = { admin_tools: ['database.backup'], coldest: 0, members }
  const policy = await compile({
    ...bundle,
    data: Buffer.from(JSON.stringify({ mcp: { config } })),
  })
  expect(judge(policy, toolCall('database.backup'))).toMatchObject({ reason: 'role_mismatch' })
})

test('policy sees the time that it is given', () => {
  const input = policyInput({ call: toolCall('any'), hook: 'pre', time, inputHeaders: 'all' })
  expect(JSON.parse(Buffer.from(input.document).toString())).toMatchObject({
    time: '2026-11-20T10:00:00.000Z',
  })
})
