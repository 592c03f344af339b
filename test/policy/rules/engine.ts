import type { ActionClass, ClassifyTool } from '../../../src/domain/action-class.js'
import type { Call } from '../../../src/domain/call.js'
import type { Decision, FaultCause, Hook, ListDecision } from '../../../src/domain/decision.js'
import { createCallDescriber, inputAt, type PolicyInput } from '../../../src/domain/policy-input.js'
import type { Policy } from '../../../src/domain/ports.js'
import { anonymous, type Principal } from '../../../src/domain/principal.js'
import { openPolicy, type PolicyParts } from '../../../src/policy/compile.js'
import { createPatterns } from '../../../src/policy/patterns.js'
import { preparePolicy, type PolicyContents } from '../../../src/policy/prepare.js'
import { inOrder } from '../../../src/policy/rules/rule-order.js'
import type { RuleSet } from '../../../src/policy/rules/rule.js'
import { callOf } from '../../support/entries.js'

const usual = {
  ...{ revision: 'r1', digest: 'd1' },
  limits: { maxInputBytes: 1 << 16, budgetMs: 25 },
  largeInput: { calls: 'deny', responses: 'deny' },
  patterns: createPatterns(),
  classify: () => 'unknown' as const,
} as const

export type Changes = Partial<PolicyParts> & Partial<PolicyContents>

/** A policy of rules files, by name; a text alone is `rules.yaml`. */
export async function policyOf(
  texts: string | Readonly<Record<string, string>>,
  { wasm, entrypoints = [], data = Buffer.from('{}'), schemas = [], ...changes }: Changes = {},
): Promise<Policy> {
  const files = Object.entries(typeof texts === 'string' ? { 'rules.yaml': texts } : texts)
  const rules = files.map(([name, text]) => ({ name, text: Buffer.from(text) }))
  const parts = { ...usual, ...changes }
  const contents = { wasm, entrypoints, data, schemas, rules }
  return openPolicy(await preparePolicy(contents, parts.limits), parts)
}

/** A policy of rules that were never written down. */
export function policyOfSet(rules: RuleSet, changes: Partial<PolicyParts> = {}): Promise<Policy> {
  const parts = { ...usual, ...changes }
  const { limits } = parts
  return openPolicy({ limits, rego: undefined, rules: inOrder(rules), ruleWarnings: [] }, parts)
}

export interface Scene {
  readonly user?: Partial<Principal> | undefined
  readonly server?: string
  readonly args?: unknown
  readonly actionClass?: ActionClass
  /** At post: the result. */
  readonly response?: unknown
}

export function callTool(tool: string, { user, server = 'hr', args = {} }: Scene = {}): Call {
  return request('tools/call', { name: tool, arguments: args }, { user, server })
}

export function request(
  method: string,
  params: unknown = {},
  { user, server = 'hr' }: Scene = {},
): Call {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  return callOf(text, { server, principal: { ...anonymous, ...user } })
}

/** What the policy says of a call of the tool. */
export function judge(policy: Policy, tool: string, scene: Scene = {}): Decision {
  const hook = scene.response === undefined ? 'pre' : 'post'
  return policy.evaluate(inputOf(callTool(tool, scene), hook, scene))
}

export function inputOf(call: Call, hook: Hook = 'pre', scene: Scene = {}): PolicyInput {
  const facts = { annotations: '{}', actionClass: scene.actionClass ?? 'unknown' } as const
  const describe = createCallDescriber('all', () => facts)
  const time = Date.UTC(2026, 10, 20, 10)
  const text = Buffer.from(JSON.stringify(scene.response ?? {}))
  const shown = { text, span: { start: 0, end: text.length } }
  if (hook === 'pre') return inputAt(describe(call), { hook, time })
  if (hook === 'list') return inputAt(describe(call), { hook, time, items: shown })
  return inputAt(describe(call), { hook, time, response: { ...shown, isError: false } })
}

/** What the policy leaves of a list; its items are `response`. */
export function judgeList(policy: Policy, method: string, scene: Scene): ListDecision {
  return policy.list(inputOf(request(method, {}, scene), 'list', scene))
}

/** A classifier by the names of tools. */
export function classesOf(classes: Readonly<Record<string, ActionClass>>): ClassifyTool {
  return (_server, tool) => classes[tool] ?? 'unknown'
}

/** Collects what is told of errors that block nothing. */
export function errorCounter(): {
  readonly causes: FaultCause[]
  readonly tell: (cause: FaultCause) => void
} {
  const causes: FaultCause[] = []
  return { causes, tell: (cause) => void causes.push(cause) }
}
