import type { Call } from '../../src/domain/call.js'
import type { Allow, Ask, Deny, DryRun } from '../../src/domain/decision.js'
import type { DecisionEntry, OutcomeEntry } from '../../src/domain/entry.js'
import { readMessage } from '../../src/wire/message.js'
import { readOperation } from '../../src/wire/operation.js'

export function callOf(text: string, changes: Partial<Call> = {}): Call {
  const message = readMessage(Buffer.from(text))
  return {
    id: 'call-1',
    message,
    operation:
      message.form === 'response'
        ? { type: 'other', kind: 'elicitation/create', params: undefined }
        : readOperation(message),
    direction: 'to_server',
    principal: {
      id: 'alice@org',
      roles: ['dev'],
      teams: ['core'],
      authenticated: true,
      via: 'trusted-headers',
      claims: {},
    },
    claimed: undefined,
    server: 'weather',
    session: { id: 'digest-of-session', upstreamId: 'live-session-id' },
    headers: {},
    requestIp: '192.0.2.44',
    protocol: '2025-11-25',
    time: 0,
    era: 'legacy',
    ...changes,
  }
}

export function toolCall(args = '{"city":"Berlin"}', changes: Partial<Call> = {}): Call {
  return callOf(
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"weather.get","arguments":${args}}}`,
    changes,
  )
}

const ruling = {
  engine: 'rego',
  rules: ['role_allow_list'],
  revision: 'r1',
  warnings: [],
  labels: {},
  trial: [],
} as const

export const allow: Allow = { ...ruling, effect: 'allow', reason: '', obligations: [] }

export const dryRun: DryRun = { ...ruling, effect: 'dry_run', reason: 'rehearse', obligations: [] }

export const ask: Ask = { ...ruling, effect: 'ask', reason: 'big', remedy: '', terms: {} }

export const deny: Deny = {
  ...ruling,
  effect: 'deny',
  code: 'policy_deny',
  reason: 'role_mismatch',
  remedy: '',
  retryAfterSec: undefined,
  fault: undefined,
}

export function decisionEntry(changes: Partial<DecisionEntry> = {}): DecisionEntry {
  return {
    type: 'decision',
    time: Date.UTC(2026, 10, 20, 10),
    decisionId: 'decision-1',
    hook: 'pre',
    call: toolCall(),
    sent: undefined,
    decision: allow,
    mode: 'enforce',
    enforced: true,
    failOpen: false,
    evalUs: 12,
    bundleDigest: 'b'.repeat(64),
    ...changes,
  }
}

export function outcomeEntry(call: Call): OutcomeEntry {
  return {
    type: 'outcome',
    time: Date.UTC(2026, 10, 20, 10, 0, 1),
    decisionId: 'decision-1',
    call,
    mode: 'enforce',
    revision: 'r1',
    result: {
      status: 200,
      digest: 'c'.repeat(64),
      bytes: 120,
      latencyMs: 3.5,
      end: 'completed',
    },
  }
}
