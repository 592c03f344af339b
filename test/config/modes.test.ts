import { describe, expect, test } from 'vitest'
import { configOf, faultsOf } from './read-settings.js'

const on = 'EXPERIMENTAL_POLICY_ENGINE'

describe('what the modes of the contract come to', () => {
  test.each([
    [{}, 'audit-only', 'open'],
    [{ [on]: 'true' }, 'enforce', 'open'],
    [{ POLICY_ENABLED: 'true' }, 'enforce', 'open'],
    [{ [on]: 'true', POLICY_ENABLED: 'true' }, 'enforce', 'open'],
    [{ POLICY_MODE: 'enforce' }, 'enforce', 'closed'],
    [{ POLICY_MODE: 'warn' }, 'warn', 'open'],
    [{ POLICY_MODE: 'audit-only' }, 'audit-only', 'open'],
    [{ POLICY_MODE: 'off' }, 'off', 'open'],
    [{ [on]: 'false' }, 'off', 'open'],
    [{ POLICY_ENABLED: 'false' }, 'off', 'open'],
    [{ [on]: 'true', POLICY_FAIL_MODE: 'closed' }, 'enforce', 'closed'],
    [{ POLICY_MODE: 'enforce', POLICY_FAIL_MODE: 'open' }, 'enforce', 'open'],
    [{ POLICY_MODE: 'enforce', [on]: 'true' }, 'enforce', 'closed'],
  ])('%j is %s, failing %s', (env, mode, failMode) => {
    const { policy, notices } = configOf({ env: env })
    expect([policy.mode, policy.failMode]).toEqual([mode, failMode])
    expect(notices).toEqual([])
  })

  test.each(['true', 'TRUE', '1', 'yes', 'Yes', 'on'])('%s is true', (value) => {
    expect(configOf({ env: { [on]: value } }).policy.mode).toBe('enforce')
  })

  test.each(['false', 'False', '0', 'no', 'off', 'OFF'])('%s is false', (value) => {
    expect(configOf({ env: { [on]: value } }).policy.mode).toBe('off')
  })
})

describe('what wins', () => {
  test('off wins over everything and tells of each setting that it overrules', () => {
    const { policy, notices } = configOf({
      env: {
        [on]: 'false',
        POLICY_ENABLED: 'true',
        POLICY_MODE: 'enforce',
        POLICY_FAIL_MODE: 'closed',
      },
    })
    expect(policy.mode).toBe('off')
    expect(notices).toEqual([
      'EXPERIMENTAL_POLICY_ENGINE=false turns policy off and overrules POLICY_ENABLED=true',
      'EXPERIMENTAL_POLICY_ENGINE=false turns policy off and overrules POLICY_MODE=enforce',
      'EXPERIMENTAL_POLICY_ENGINE=false turns policy off and overrules POLICY_FAIL_MODE=closed',
    ])
  })

  test('either switch can turn policy off', () => {
    const { policy, notices } = configOf({ env: { [on]: 'true', POLICY_ENABLED: 'false' } })
    expect(policy.mode).toBe('off')
    expect(notices).toEqual([
      'POLICY_ENABLED=false turns policy off and overrules EXPERIMENTAL_POLICY_ENGINE=true',
    ])
  })

  test('two ways of saying off do not contradict each other', () => {
    expect(configOf({ env: { [on]: 'false', POLICY_MODE: 'off' } }).notices).toEqual([])
  })

  test('a weaker mode wins over a switch, with a notice', () => {
    const { policy, notices } = configOf({ env: { [on]: 'true', POLICY_MODE: 'warn' } })
    expect(policy.mode).toBe('warn')
    expect(notices).toEqual([
      'POLICY_MODE=warn overrules EXPERIMENTAL_POLICY_ENGINE=true: nothing is blocked',
    ])
  })
})

describe('a digest that is demanded', () => {
  const bundle = { POLICY_BUNDLE_PATH: 'b.tar.gz', POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }

  test.each([
    [{ [on]: 'true', POLICY_FAIL_MODE: 'open' }],
    [{ POLICY_MODE: 'enforce', POLICY_FAIL_MODE: 'open' }],
    [{ POLICY_FAIL_MODE: 'open' }],
  ])('does not go together with %j, which passes calls without it', (env) => {
    expect(faultsOf({ env: { ...bundle, ...(env as Record<string, string>) } })).toEqual([
      expect.stringMatching(/demands one bundle/),
    ])
  })

  test.each([
    [{}],
    [{ POLICY_MODE: 'enforce' }],
    [{ [on]: 'true', POLICY_FAIL_MODE: 'closed' }],
    [{ [on]: 'false', POLICY_FAIL_MODE: 'open' }],
    [{ [on]: 'true' }],
  ])('goes together with %j', (env) => {
    expect(faultsOf({ env: { ...bundle, ...(env as Record<string, string>) } })).toEqual([])
  })

  test('is worth a notice where the switch alone lets calls pass without a bundle', () => {
    expect(configOf({ env: { ...bundle, [on]: 'true' } }).notices).toEqual([
      expect.stringMatching(/demands one bundle/),
    ])
  })
})
