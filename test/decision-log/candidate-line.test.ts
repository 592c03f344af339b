import { expect, test } from 'vitest'
import { createArgsRecord } from '../../src/decision-log/args.js'
import { createLines } from '../../src/decision-log/lines.js'
import type { CandidateEntry } from '../../src/domain/entry.js'
import { parseFieldPath } from '../../src/domain/field-path.js'
import { createPatterns } from '../../src/policy/patterns.js'
import { allow, deny, toolCall } from '../support/entries.js'

function lineOf(changes: Partial<CandidateEntry>): Record<string, unknown> {
  const entry: CandidateEntry = {
    type: 'candidate',
    time: 0,
    decisionId: 'decision-1',
    hook: 'pre',
    call: toolCall(),
    change: 'allow_to_deny',
    active: allow,
    candidate: { ...deny, revision: 'r2', warnings: ['w\ud800'] },
    ...changes,
  }
  const line = createLines(createArgsRecord('full', []), () => 'write')(entry, 3)
  expect(line.endsWith('\n')).toBe(true)
  return JSON.parse(line) as Record<string, unknown>
}

test('a disagreement says what was decided, and beside it what the candidate would have decided', () => {
  expect(lineOf({})).toEqual({
    type: 'candidate',
    seq: 3,
    time: '1970-01-01T00:00:00.000Z',
    call_id: 'call-1',
    decision_id: 'decision-1',
    hook: 'pre',
    change: 'allow_to_deny',
    effect: 'allow',
    engine: 'rego',
    rules: ['role_allow_list'],
    warnings: [],
    revision: 'r1',
    candidate: {
      effect: 'deny',
      code: 'policy_deny',
      reason: 'role_mismatch',
      engine: 'rego',
      rules: ['role_allow_list'],
      warnings: ['w\ufffd'],
      revision: 'r2',
    },
    kind: 'tools/call',
    direction: 'to_server',
    principal: { id: 'alice@org', roles: ['dev'], teams: ['core'], via: 'trusted-headers' },
    server: 'weather',
    target: { type: 'tool', name: 'weather.get' },
    action_class: 'write',
    session: 'digest-of-session',
    request_id: 7,
  })
})

const lenient = { onUnreadable: 'pass', onMissing: 'pass' } as const

test('obligations are named by what they do where, and never by what they write', () => {
  const candidate = {
    ...allow,
    obligations: [
      { type: 'merge', root: 'args', value: { units: 'SECRET', city: null } },
      { type: 'operations', operations: [{ op: 'add', path: '/args/tags/-', value: 'SECRET' }] },
      {
        type: 'replace',
        path: parseFieldPath('args.**'),
        pattern: createPatterns().compile('SECRET'),
        with: 'SECRET',
      },
      { type: 'filter', paths: [parseFieldPath('a'), parseFieldPath('b')], ...lenient },
      { type: 'filter_sensitive', paths: undefined, ...lenient },
      {
        type: 'mask',
        paths: [parseFieldPath('c')],
        style: { type: 'text', text: 'SECRET' },
        ...lenient,
      },
    ],
  } as const
  const line = lineOf({ change: 'obligations', candidate })
  expect(JSON.stringify(line)).not.toContain('SECRET')
  expect(line).toHaveProperty('candidate.obligations', [
    'patch args.units',
    'patch args.city',
    'add /args/tags/-',
    'replace args.**',
    'filter a',
    'filter b',
    'filter_sensitive',
    'mask c',
  ])
})
