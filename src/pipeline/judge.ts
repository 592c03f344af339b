import type { Call } from '../domain/call.js'
import type { Decision, Deny, Hook, Mode, Ruling } from '../domain/decision.js'
import type { FieldPath } from '../domain/field-path.js'
import type { Span } from '../domain/json.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { inputAt, type CallDescription, type PolicyInput } from '../domain/policy-input.js'
import { applyObligations, ObligationFault, type Root } from './oblige.js'
import type { PipelineParts } from './parts.js'
import { unrecorded } from './refuse.js'
import { sensitiveFor } from './sensitive-fields.js'
import { asJudged } from './shown-to-candidate.js'

/** One message that policy is asked about. */
export interface Question {
  readonly hook: Extract<Hook, 'pre' | 'post'>
  /** The call, and as policy sees it. */
  readonly described: CallDescription
  /** At post: what came back, in the text that is judged. */
  readonly response:
    { readonly text: Buffer; readonly span: Span; readonly isError: boolean } | undefined
  /** The text that obligations may edit, and the part of it that they may write. */
  readonly text: Buffer
  readonly root: Root
  readonly wellFormed: boolean
}

/** A response, judged beside the call that `described` describes. */
export function aboutResponse(
  { text, outcome, wellFormed }: ResponseMessage,
  described: CallDescription,
): Question {
  const { span, type } = outcome
  return aboutOutcome({ text, span, isError: type === 'error', wellFormed }, described)
}

/** A result or error wherever it stands in a message, which is the text. */
export interface Outcome {
  readonly text: Buffer
  readonly span: Span
  readonly isError: boolean
  readonly wellFormed: boolean
}

export function aboutOutcome(
  { text, span, isError, wellFormed }: Outcome,
  described: CallDescription,
): Question {
  return {
    hook: 'post',
    described,
    response: { text, span, isError },
    text,
    root: { name: 'response', span, isError },
    wellFormed,
  }
}

export interface Verdict {
  readonly decisionId: string
  readonly decision: Decision
  /** The text as policy permits it; the same Buffer where nothing was changed. */
  readonly text: Buffer
  readonly evalUs: number
}

/**
 * Asks policy and carries out what it obliges; a duty that cannot be done is a policy error. A promise only where long
 * texts are rewritten off the serving thread.
 */
export function judge(
  question: Question,
  policy: Policy,
  parts: PipelineParts,
): Verdict | Promise<Verdict> {
  const started = performance.now()
  const input = inputOf(question, parts)
  const decision = input === undefined ? unshowable(policy) : policy.evaluate(input)
  const evalUs = Math.round((performance.now() - started) * 1000)
  const decisionId = parts.newId()
  if (input !== undefined) parts.trial?.saw(asJudged(input, decision, decisionId))
  const asGiven = { decisionId, decision, text: question.text, evalUs }
  const obligations = dutiesOf(decision)
  if (obligations.length === 0) return asGiven
  const cannot = (thrown: unknown): Verdict => {
    if (!(thrown instanceof ObligationFault)) throw thrown
    const denied = policyError(decision, 'obligation', thrown.message)
    return { decisionId, decision: denied, text: question.text, evalUs }
  }
  const { text, root, described } = question
  const { patterns } = parts
  const apply = (sensitive: readonly FieldPath[] | undefined) =>
    applyObligations({ text, root, obligations, patterns, sensitive })
  try {
    const sensitive = sensitiveFor(described.call, obligations, parts)
    const applied = sensitive instanceof Promise ? sensitive.then(apply) : apply(sensitive)
    if (applied instanceof Promise) {
      return applied.then((done) => ({ decisionId, decision, text: done.text, evalUs }), cannot)
    }
    return applied.changed ? { decisionId, decision, text: applied.text, evalUs } : asGiven
  } catch (thrown) {
    return cannot(thrown)
  }
}

function inputOf(
  { hook, described, response, wellFormed }: Question,
  { now }: PipelineParts,
): PolicyInput | undefined {
  return wellFormed ? inputAt(described, { hook, time: now(), response }) : undefined
}

function unshowable({ revision }: Policy): Deny {
  return policyError(
    { ...unruled, revision },
    'input',
    'the message holds a lone surrogate, which policy cannot be shown',
  )
}

function dutiesOf(decision: Decision) {
  switch (decision.effect) {
    case 'allow':
    case 'dry_run':
      return decision.obligations
    case 'ask':
    case 'deny':
      return []
  }
}

/** A decision that could not be made: a deny, in enforce mode. */
export function policyError(ruling: Ruling, fault: Deny['fault'], reason: string): Deny {
  const { engine, rules, revision, warnings, labels, trial } = ruling
  return {
    engine,
    rules,
    revision,
    warnings,
    labels,
    trial,
    effect: 'deny',
    code: 'policy_error',
    reason,
    remedy: '',
    retryAfterSec: undefined,
    fault,
  }
}

/** The ruling where no policy took part. */
export const unruled: Ruling = {
  engine: 'none',
  rules: [],
  revision: '',
  warnings: [],
  labels: {},
  trial: [],
}

/** A verdict and what it was about. */
export interface Judged {
  readonly verdict: Pick<Verdict, 'decisionId' | 'decision' | 'evalUs'>
  readonly hook: Hook
  readonly call: Call
  readonly sent: Call | undefined
  readonly bundleDigest: string
  readonly failOpen: boolean
  readonly wouldHide?: readonly string[] | undefined
}

/**
 * Puts the decision on record before anything acts on it.
 * @throws GatewayError `log_unavailable` in enforce mode, where nothing unlogged may go on
 */
export async function record(judged: Judged, parts: PipelineParts): Promise<void> {
  const { verdict, hook, call, failOpen } = judged
  const entry = {
    type: 'decision',
    time: parts.now(),
    decisionId: verdict.decisionId,
    hook,
    call,
    sent: judged.sent,
    decision: verdict.decision,
    mode: parts.mode,
    enforced: enforces(parts.mode) && !failOpen,
    failOpen,
    evalUs: verdict.evalUs,
    bundleDigest: judged.bundleDigest,
    wouldHide: judged.wouldHide,
  } as const
  parts.events.decided(entry)
  try {
    await parts.log.append(entry)
  } catch (thrown) {
    if (!enforces(parts.mode)) return
    const { decisionId, decision } = verdict
    throw unrecorded(thrown, { decisionId, revision: decision.revision, hook, call })
  }
}

export function enforces(mode: Mode): boolean {
  return mode === 'enforce'
}
