import { isDeepStrictEqual } from 'node:util'
import { strictness, type Decision } from '../domain/decision.js'
import { createCallDescriber, inputAt, type PolicyInput } from '../domain/policy-input.js'
import type { PolicyCase } from '../domain/policy-case.js'
import type { Patterns, Policy } from '../domain/ports.js'
import { GatewayError } from '../domain/errors.js'
import { applyObligations, ObligationFault, writableRoot } from '../pipeline/oblige.js'
import { rewritten } from '../pipeline/rewritten-call.js'
import { inputOfCase } from '../wire/case-input.js'
import { textsIn } from './result-texts.js'

export interface CaseOutcome {
  readonly name: string
  /** `file:line` */
  readonly place: string
  /** What was not as expected; empty where the case holds. */
  readonly differences: readonly Difference[]
}

export interface Difference {
  /** What is compared: `effect`, `reason`, … */
  readonly what: string
  readonly expected: string
  readonly actual: string
}

/** Judges the case's call, carries out what policy obliges, and compares what comes of it. */
export async function runCase(
  tested: PolicyCase,
  policy: Policy,
  patterns: Patterns,
): Promise<CaseOutcome> {
  const input = inputOfCase(tested)
  const came = await outcomeOf(tested, input, policy, patterns)
  return { name: tested.name, place: tested.place, differences: differences(tested, came) }
}

interface Came {
  readonly decision: Decision
  /** JSON text: the call as it is sent, or the result as the caller gets it; undefined where nothing goes on. */
  readonly text: string | undefined
}

async function outcomeOf(
  tested: PolicyCase,
  input: PolicyInput,
  policy: Policy,
  patterns: Patterns,
): Promise<Came> {
  if (!policy.hooks[input.hook]) return passed(tested, input)
  const decision = policy.evaluate(input)
  if (decision.effect === 'deny' || decision.effect === 'ask') return { decision, text: undefined }
  const { text, root } = editable(tested, input)
  const { obligations } = decision
  try {
    const applied = await applyObligations({ text, root, obligations, patterns })
    const after = applied.text.toString()
    if (input.hook === 'post' || !applied.changed) return { decision, text: after }
    return { decision: judgedAgain(applied.text, input, decision, policy), text: after }
  } catch (thrown) {
    if (!(thrown instanceof ObligationFault)) throw thrown
    return { decision: undone(decision, thrown.message), text: undefined }
  }
}

/** What no hook judges goes on as it is. */
function passed(tested: PolicyCase, input: PolicyInput): Came {
  const ruling = {
    engine: 'none',
    rules: [],
    revision: '',
    warnings: [],
    labels: {},
    trial: [],
  } as const
  const decision: Decision = { ...ruling, effect: 'allow', reason: '', obligations: [] }
  return { decision, text: editable(tested, input).text.toString() }
}

function editable({ response }: PolicyCase, { call }: PolicyInput) {
  if (response === undefined) return { text: call.message.text, root: writableRoot(call) }
  const text = Buffer.from(response.text)
  const span = { start: 0, end: text.length }
  return { text, root: { name: 'response', span, isError: response.isError } as const }
}

/** A call that was patched is judged once more as it will be sent, and the stricter decision holds. */
function judgedAgain(text: Buffer, input: PolicyInput, first: Decision, policy: Policy): Decision {
  const sent = rewritten(input.call, text)
  if (sent instanceof GatewayError) return undone(first, sent.message)
  const { time } = input
  const again = policy.evaluate(inputAt(createCallDescriber('all')(sent), { hook: 'pre', time }))
  return strictness[again.effect] > strictness[first.effect] ? again : first
}

function undone(
  { engine, rules, revision, warnings, labels, trial }: Decision,
  reason: string,
): Decision {
  const refused = {
    code: 'policy_error',
    fault: 'obligation',
    remedy: '',
    retryAfterSec: undefined,
  } as const
  return { engine, rules, revision, warnings, labels, trial, effect: 'deny', reason, ...refused }
}

function differences({ expect }: PolicyCase, { decision, text }: Came): readonly Difference[] {
  const code = decision.effect === 'deny' ? decision.code : 'none'
  const texts = text === undefined ? [] : textsIn(text)
  const result = text ?? `no result: ${decision.effect} ${decision.reason}`
  return [
    ...differs('effect', expect.effect, `${decision.effect}${why(decision)}`, decision.effect),
    ...(expect.code === undefined ? [] : differs('code', expect.code, code)),
    ...(expect.reason === undefined ? [] : differs('reason', expect.reason, decision.reason)),
    ...(expect.rules ?? [])
      .filter((rule) => !decision.rules.includes(rule))
      .map((rule) => ({
        what: 'rules',
        expected: rule,
        actual: decision.rules.join(', ') || 'none',
      })),
    ...patched(expect.patchedArgs, text),
    ...expect.resultContains
      .filter((part) => !texts.some((each) => each.includes(part)))
      .map((part) => ({ what: 'result contains', expected: part, actual: result })),
    ...expect.resultNotContains
      .filter((part) => texts.some((each) => each.includes(part)))
      .map((part) => ({ what: 'result does not contain', expected: part, actual: result })),
  ]
}

function differs(what: string, expected: string, actual: string, compared = actual): Difference[] {
  return expected === compared ? [] : [{ what, expected, actual }]
}

function why(decision: Decision): string {
  if (decision.effect !== 'deny') return ''
  const fault = decision.fault === undefined ? '' : `, ${decision.fault}`
  return ` (${decision.code}${fault}${decision.reason === '' ? '' : `: ${decision.reason}`})`
}

function patched(expected: unknown, text: string | undefined): Difference[] {
  if (expected === undefined) return []
  const sent = text === undefined ? undefined : argumentsIn(text)
  if (isDeepStrictEqual(sent, expected)) return []
  return [
    {
      what: 'patched args',
      expected: JSON.stringify(expected),
      actual: sent === undefined ? 'nothing is sent' : JSON.stringify(sent),
    },
  ]
}

function argumentsIn(text: string): unknown {
  const { params } = JSON.parse(text) as { params?: { arguments?: unknown } }
  return params?.arguments ?? {}
}
