import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createArgsRecord } from '../../src/decision-log/args.js'
import { createLines } from '../../src/decision-log/lines.js'
import type { Entry } from '../../src/domain/entry.js'
import {
  allow,
  ask,
  callOf,
  decisionEntry,
  deny,
  dryRun,
  outcomeEntry,
  toolCall,
} from '../support/entries.js'

type Fields = Record<string, unknown>

function linesWith(args: 'digest' | 'masked' | 'full' = 'digest', mask: readonly string[] = []) {
  const line = createLines(createArgsRecord(args, mask), () => 'write')
  return (entry: Entry, seq = 1): Fields => {
    const text = line(entry, seq)
    expect(text.endsWith('\n')).toBe(true)
    expect(text.slice(0, -1)).not.toMatch(/[\r\n]/)
    expect(Buffer.from(text).toString()).toBe(text)
    return JSON.parse(text) as Fields
  }
}

const sha256 = (text: string): string => hash('sha256', text, 'hex')

describe('a decision', () => {
  test('is written with every member of the contract', () => {
    const digest = sha256('{"city":"Berlin"}')
    expect(linesWith()(decisionEntry({ decision: deny }), 41)).toEqual({
      type: 'decision',
      seq: 41,
      time: '2026-11-20T10:00:00.000Z',
      call_id: 'call-1',
      decision_id: 'decision-1',
      hook: 'pre',
      kind: 'tools/call',
      effect: 'deny',
      enforced: true,
      would_deny: false,
      mode: 'enforce',
      code: 'policy_deny',
      reason: 'role_mismatch',
      message: 'blocked by rego: role_mismatch',
      engine: 'rego',
      rules: ['role_allow_list'],
      warnings: [],
      revision: 'r1',
      bundle_digest: 'b'.repeat(64),
      principal: { id: 'alice@org', roles: ['dev'], teams: ['core'], via: 'trusted-headers' },
      server: 'weather',
      target: { type: 'tool', name: 'weather.get' },
      action_class: 'write',
      session: 'digest-of-session',
      request_id: 7,
      request_fingerprint: sha256(
        JSON.stringify(['alice@org', '', 'weather', 'tools/call', 'tool', 'weather.get', digest]),
      ),
      payload_digest: digest,
      eval_us: 12,
      fail_open: false,
      direction: 'to_server',
    })
  })

  test('never shows the live session id', () => {
    const line = createLines(createArgsRecord('full', []), () => 'write')
    expect(line(decisionEntry(), 1)).not.toContain('live-session-id')
  })

  test.each([
    ['an enforced denial', { decision: deny }, false, 'blocked by rego: role_mismatch'],
    [
      'a denial that took no effect',
      { decision: deny, enforced: false },
      true,
      'would be blocked by rego: role_mismatch',
    ],
    ['an approval that is wanted', { decision: ask }, false, 'blocked by rego: big'],
    [
      'an approval that would be wanted',
      { decision: ask, enforced: false },
      true,
      'would be blocked by rego: big',
    ],
    [
      'a policy that is not there',
      {
        decision: {
          ...deny,
          engine: 'none',
          code: 'policy_unavailable',
          reason: 'No bundle was found at /policies',
        },
      },
      false,
      'blocked: policy_unavailable',
    ],
    ['rules', { decision: { ...deny, engine: 'rules' } }, false, 'blocked by rules: role_mismatch'],
    [
      'a denial without a reason',
      { decision: { ...deny, reason: '' } },
      false,
      'blocked by rego: policy_deny',
    ],
    [
      'a rule on trial',
      {
        decision: {
          ...allow,
          trial: [{ rule: 'r9', effect: 'deny', reason: 'too_far', tells: false }],
        },
      },
      true,
      'would be blocked by rego: too_far (on trial)',
    ],
    ['a dry run', { decision: dryRun }, false, 'answered as a dry run by rego: rehearse'],
    ['a plain allow', {}, false, undefined],
  ] as const)('says what came of %s', (_case, changes, wouldDeny, message) => {
    const line = linesWith()(decisionEntry(changes))
    expect([line['would_deny'], line['message']]).toEqual([wouldDeny, message])
  })

  test('keeps a request id as the caller spelled it', () => {
    const line = createLines(createArgsRecord('digest', []), () => 'write')
    const call = callOf('{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}')
    expect(line(decisionEntry({ call }), 1)).toContain('"request_id":12345678901234567890')
  })

  test('has no request id and no target where the message has none', () => {
    const call = callOf('{"jsonrpc":"2.0","method":"notifications/initialized"}', {
      session: undefined,
    })
    const line = linesWith()(decisionEntry({ call }))
    expect(line).not.toHaveProperty('request_id')
    expect(line).not.toHaveProperty('target')
    expect(line).not.toHaveProperty('session')
  })

  test('is valid UTF-8 and strict JSON whatever policy and callers say', () => {
    const hostile = 'a\ud800b\n"\u2028\\'
    const call = callOf(
      String.raw`{"jsonrpc":"2.0","id":"\ud800","method":"tools/call","params":{"name":"x\udfffy"}}`,
      { principal: { ...toolCall().principal, id: hostile, roles: [hostile] } },
    )
    const decision = { ...deny, reason: hostile, labels: { [hostile]: hostile } }
    const line = linesWith()(decisionEntry({ call, decision }))
    const safe = hostile.replace('\ud800', '\ufffd')
    expect(line).toMatchObject({
      reason: safe,
      request_id: '\ufffd',
      labels: { [safe]: safe },
      principal: { id: safe, roles: [safe] },
      target: { name: 'x\ufffdy' },
    })
  })

  test('cannot be forged by a line break in a name', () => {
    const call = callOf(
      String.raw`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\"}\n{\"type\":\"decision\""}}`,
    )
    expect(linesWith()(decisionEntry({ call }))).toMatchObject({
      target: { name: 'a"}\n{"type":"decision"' },
    })
  })
})

describe('the fingerprint', () => {
  const fingerprint = (changes: Parameters<typeof toolCall>[1], args?: string): unknown =>
    linesWith()(decisionEntry({ call: toolCall(args, changes) }))['request_fingerprint']
  const { principal } = toolCall()

  test('is the same for the same request, however it is spelled and numbered', () => {
    const call = callOf(
      '{"id":99,"params":{"arguments":{ "city":"B\\u0065rlin" },"name":"weather.get"},"method":"tools/call","jsonrpc":"2.0"}',
      { id: 'call-2', session: undefined },
    )
    expect(linesWith()(decisionEntry({ call }))['request_fingerprint']).toBe(fingerprint({}))
  })

  test('differs by principal, server and arguments', () => {
    const prints = [
      fingerprint({}),
      fingerprint({ principal: { ...principal, id: 'bob' } }),
      fingerprint({ server: 'other' }),
      fingerprint({}, '{"city":"Bonn"}'),
      fingerprint({}, '{"city":9007199254740993}'),
      fingerprint({}, '{"city":9007199254740992}'),
    ]
    expect(new Set(prints).size).toBe(prints.length)
  })

  test('does not let one value run over into the next', () => {
    const first = fingerprint({ principal: { ...principal, id: 'a' }, server: 'b","c' })
    const second = fingerprint({ principal: { ...principal, id: 'a","b' }, server: 'c' })
    expect(first).not.toBe(second)
  })
})

describe('arguments', () => {
  const args =
    '{ "city":"Berlin",\r\n "n":9007199254740993, "to":{"token":"s3cret"}, "j":"{\\"token\\":1}" }'
  const call = toolCall(args)

  test('are not in the line by default', () => {
    expect(linesWith('digest')(decisionEntry({ call }))).not.toHaveProperty('args')
  })

  test('are recorded in full with their exact numbers, on one line', () => {
    const line = createLines(createArgsRecord('full', []), () => 'write')(
      decisionEntry({ call }),
      1,
    )
    expect(line).toContain('"n":9007199254740993')
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toHaveProperty('args.to.token', 's3cret')
  })

  test('are masked where a path names them, in JSON inside text too', () => {
    const { args: masked } = linesWith('masked', ['token', 'args.city', 'response.n'])(
      decisionEntry({ call }),
    )
    expect(masked).toMatchObject({ city: '****', to: { token: '****' } })
    expect(JSON.stringify(masked)).not.toContain('s3cret')
    expect(masked).toHaveProperty('j', '{"token":"****"}')
    expect(masked).toHaveProperty('n')
    expect((masked as Fields)['n']).not.toBe('****')
  })

  test('are recorded once a call', () => {
    const line = linesWith('full')
    expect(line(decisionEntry({ call }))).toHaveProperty('args')
    expect(line(decisionEntry({ call, hook: 'post' }))).not.toHaveProperty('args')
    expect(line(outcomeEntry(call))).not.toHaveProperty('args')
  })

  test('of other methods are their params, and of an answer its result', () => {
    const initialize = callOf('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"a":1}}')
    const answer = callOf('{"jsonrpc":"2.0","id":1,"result":{"action":"decline"}}')
    const line = linesWith('full')
    expect(line(decisionEntry({ call: initialize }))).toMatchObject({
      args: { a: 1 },
      payload_digest: sha256('{"a":1}'),
    })
    expect(line(decisionEntry({ call: answer, hook: 'post' }))).toMatchObject({
      args: { action: 'decline' },
      payload_digest: sha256('{"action":"decline"}'),
    })
  })

  test('that are absent have the digest of an empty object', () => {
    const bare = callOf('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}')
    expect(linesWith()(decisionEntry({ call: bare }))['payload_digest']).toBe(sha256('{}'))
  })

  test('over 16 KiB are digested in the outcome line', () => {
    const long = toolCall(`{"text":"${'x'.repeat(17_000)}"}`)
    const sent = toolCall(`{"text":"${'y'.repeat(17_000)}"}`)
    const line = linesWith()
    const decision = line(decisionEntry({ call: long, sent }))
    expect(decision).not.toHaveProperty('payload_digest')
    expect(decision).not.toHaveProperty('request_fingerprint')
    expect(line(outcomeEntry(long))).toMatchObject({
      payload_digest: sha256(`{"text":"${'x'.repeat(17_000)}"}`),
      sent_digest: sha256(`{"text":"${'y'.repeat(17_000)}"}`),
      request_fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    })
  })

  test('that a patch changed have a second digest', () => {
    const sent = toolCall('{"city":"Bonn"}')
    expect(linesWith()(decisionEntry({ sent }))).toMatchObject({
      payload_digest: sha256('{"city":"Berlin"}'),
      sent_digest: sha256('{"city":"Bonn"}'),
    })
  })
})

describe('other lines', () => {
  test('an outcome joins its call and says what the caller got', () => {
    const call = toolCall()
    const line = linesWith()
    const decision = line(decisionEntry({ call }), 1)
    const outcome = line(outcomeEntry(call), 2)
    expect(outcome).toMatchObject({
      type: 'outcome',
      seq: 2,
      time: '2026-11-20T10:00:01.000Z',
      call_id: decision['call_id'],
      decision_id: decision['decision_id'],
      request_fingerprint: decision['request_fingerprint'],
      kind: 'tools/call',
      result: {
        status: 200,
        digest: 'c'.repeat(64),
        bytes: 120,
        latency_ms: 3.5,
        end: 'completed',
      },
    })
  })

  test('messages that carry the id of another call keep their own kind and target', () => {
    const line = linesWith()
    line(decisionEntry())
    const call = callOf('{"jsonrpc":"2.0","method":"notifications/message","params":{}}')
    expect(line(decisionEntry({ call, hook: 'post' }))).toMatchObject({
      call_id: 'call-1',
      kind: 'notifications/message',
    })
  })

  test('calls beyond those that are remembered are written alike', () => {
    const line = linesWith()
    const first = line(decisionEntry())
    for (let n = 0; n < 1100; n += 1) {
      line(decisionEntry({ call: toolCall('{}', { id: `other-${n}` }) }))
    }
    expect(line(decisionEntry())).toEqual(first)
  })

  test('a reload says what was loaded, or why not', () => {
    const reload = {
      type: 'reload',
      time: 0,
      outcome: 'failed',
      source: '/policies/bundle.tar.gz',
      revision: 'r1',
      bundleDigest: 'd',
      error: 'The archive is cut off',
      bundles: [],
      rolledBack: false,
    } as const
    expect(linesWith()(reload)).toEqual({
      type: 'reload',
      seq: 1,
      time: '1970-01-01T00:00:00.000Z',
      outcome: 'failed',
      source: '/policies/bundle.tar.gz',
      revision: 'r1',
      bundle_digest: 'd',
      error: 'The archive is cut off',
    })
  })
})

test('a mask that is no field path stops the start', () => {
  expect(() => createArgsRecord('masked', ['a..b'])).toThrow(/a\.\.b/)
})
