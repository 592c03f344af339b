import { readFile } from 'node:fs/promises'
import { openUnverified } from '../../src/bundles/open-bundle.js'
import type { Bundle } from '../../src/domain/bundle.js'
import type { Call } from '../../src/domain/call.js'
import type { Decision, Hook } from '../../src/domain/decision.js'
import type { Operation } from '../../src/domain/operation.js'
import { policyInput } from '../../src/domain/policy-input.js'
import type { Policy } from '../../src/domain/ports.js'
import { anonymous } from '../../src/domain/principal.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { createPatterns } from '../../src/policy/patterns.js'

export const time = Date.UTC(2026, 10, 20, 10)

export async function fixtureBundle(name: string): Promise<Bundle> {
  const file = new URL(`../fixtures/policies/${name}/bundle.tar.gz`, import.meta.url)
  return openUnverified(await readFile(file), 1 << 24)
}

export async function fixturePolicy(name: string, maxInputBytes = 1 << 20): Promise<Policy> {
  return compilePolicy(await fixtureBundle(name), {
    patterns: createPatterns(),
    limits: { maxInputBytes, budgetMs: 1000 },
    largeInput: { calls: 'deny', responses: 'deny' },
    classify: () => 'unknown',
  })
}

/** A `tools/call` whose arguments are this very text. */
export function toolCall(name: string, args = '{}', changes: Partial<Call> = {}): Call {
  const start = Buffer.byteLength('{"params":{"arguments":')
  const text = Buffer.from(`{"params":{"arguments":${args}}}`)
  const span = { start, end: start + Buffer.byteLength(args) }
  return call(text, { type: 'tool', kind: 'tools/call', name, args: span }, changes)
}

export function otherCall(kind: string, changes: Partial<Call> = {}): Call {
  return call(Buffer.from('{}'), { type: 'other', kind, params: undefined }, changes)
}

export function call(text: Buffer, operation: Operation, changes: Partial<Call> = {}): Call {
  return {
    id: 'c1',
    message: {
      form: 'request',
      text,
      id: '1',
      method: operation.kind,
      params: undefined,
      wellFormed: true,
    },
    operation,
    direction: 'to_server',
    principal: anonymous,
    claimed: undefined,
    server: 'weather',
    session: undefined,
    headers: {},
    requestIp: '192.0.2.44',
    protocol: '2025-11-25',
    time,
    era: 'legacy',
    ...changes,
  }
}

export function judge(policy: Policy, judged: Call, hook: Hook = 'pre'): Decision {
  return policy.evaluate(policyInput({ call: judged, hook, time, inputHeaders: 'all' }))
}

export function judgeResponse(policy: Policy, judged: Call, response: string): Decision {
  const text = Buffer.from(response)
  return policy.evaluate(
    policyInput({
      call: judged,
      hook: 'post',
      time,
      inputHeaders: 'all',
      response: { text, span: { start: 0, end: text.length }, isError: false },
    }),
  )
}
