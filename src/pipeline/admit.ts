import type { Call } from '../domain/call.js'
import { strictness, type Allow, type Deny } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { Policy, PolicyState } from '../domain/ports.js'
import { inputAt, type CallDescription } from '../domain/policy-input.js'
import { methodRow } from '../wire/methods.js'
import { askToolForDryRun, dryRunNote, type DryRunRuled } from './dry-run.js'
import { withImplied } from './implied.js'
import { enforces, judge, policyError, record, unruled, type Verdict } from './judge.js'
import { admitSubscriptions } from './listen-subscriptions.js'
import { writableRoot } from './oblige.js'
import type { PipelineParts } from './parts.js'
import { admitInputResponses } from './input-responses.js'
import { refusal } from './refuse.js'
import { rewritten } from './rewritten-call.js'
import { cutClientExtensions } from './advertised.js'
import { learnAnnotations } from './ask-for-tools.js'
import { remirror, remirrorDryRun } from './remirror.js'
import { admitTask } from './task-calls.js'
import { showUnjudged } from './shown-to-candidate.js'
import { toldOf } from './told.js'
import { isRefused, refuseUnknown } from './unknown-methods.js'

/** A call that may go on, as policy permits it, with the policy that judges what comes back. */
export interface Permitted {
  readonly type: 'permitted'
  /** As its caller made it: what comes back is judged beside it. */
  readonly call: Call
  /** As it is forwarded. */
  readonly sent: Call
  /** Undefined where none took part: off, none configured, or fail-open. */
  readonly policy: Policy | undefined
  readonly decisionId: string
  /** What its caller is told beside a result. */
  readonly warnings: readonly string[]
  /** The tool itself makes a dry run: JSON of what its caller is told of that. */
  readonly dryRun?: string | undefined
  /** The call as its caller made it and policy saw it; undefined where policy did not. */
  readonly described: CallDescription | undefined
  /** Of a handshake that was answered: the id of the session that it began, if any. */
  readonly issued?: string | undefined
}

/** A call that is answered with what would have been sent, and not forwarded. */
export interface Rehearsed {
  readonly type: 'rehearsed'
  /** As its caller made it. */
  readonly call: Call
  readonly sent: Call
  readonly policy: Policy
  readonly decisionId: string
  readonly reason: string
  readonly warnings: readonly string[]
}

/**
 * The pre-hook. Nothing was forwarded when it throws.
 * @throws GatewayError a refusal of policy, `method_not_found`, `policy_unavailable`, or `log_unavailable`
 */
export async function admit(made: Call, parts: PipelineParts): Promise<Permitted | Rehearsed> {
  if (parts.mode === 'off') return unjudged(made, undefined, '')
  if (isRefused(made.operation.kind, parts)) return refuseUnknown(made, parts)
  const call = cutClientExtensions(admitTask(made, parts), parts)
  const state = parts.policies.current()
  if (state.state !== 'active') return admitUnjudged(call, state, parts)
  const { policy } = state
  if (parts.trusted.has(call.server)) await learnAnnotations(call, parts)
  const ruled = await ruleOn(call, policy, parts)
  const asked: DryRunRuled = enforces(parts.mode) ? askToolForDryRun(ruled, policy, parts) : ruled
  const { verdict, sent, described } = asked
  const { decision, decisionId } = verdict
  const changed = sent === call ? undefined : sent
  const bundleDigest = policy.digest
  await record({ verdict, hook: 'pre', call, sent: changed, bundleDigest, failOpen: false }, parts)
  const warnings = toldOf(decision, parts)
  if (!enforces(parts.mode)) {
    await admitInputResponses(call, policy, parts)
    return { type: 'permitted', call, sent: call, policy, decisionId, warnings, described }
  }
  switch (decision.effect) {
    case 'allow': {
      const answered = await admitInputResponses(sent, policy, parts)
      const mirrored = sent === call ? answered : await remirror(call, answered, parts)
      return { type: 'permitted', call, sent: mirrored, policy, decisionId, warnings, described }
    }
    case 'dry_run': {
      const { reason } = decision
      if (asked.argument === undefined) {
        return { type: 'rehearsed', call, sent, policy, decisionId, reason, warnings }
      }
      const answered = await admitInputResponses(sent, policy, parts)
      const dryRun = dryRunNote(sent, { decisionId, reason }, asked.argument)
      const mirrored = await remirrorDryRun(call, answered, parts)
      const judged = { call, policy, decisionId, warnings, described }
      return { type: 'permitted', ...judged, sent: mirrored, dryRun }
    }
    case 'ask':
    case 'deny':
      throw refusal(decision, decisionId, { forwarded: false })
  }
}

const none: readonly string[] = []

/** A call that goes on without a decision about it. */
export function unjudged(call: Call, policy: Policy | undefined, decisionId: string): Permitted {
  return {
    type: 'permitted',
    call,
    sent: call,
    policy,
    decisionId,
    described: undefined,
    warnings: none,
  }
}

/** What is wrong with the policy's source, its path or address included, is for the operator log and `/readyz`. */
const notInForce = 'no policy is in force'

async function admitUnjudged(
  call: Call,
  state: Exclude<PolicyState, { state: 'active' }>,
  parts: PipelineParts,
): Promise<Permitted> {
  const decisionId = parts.newId()
  const failOpen = enforces(parts.mode) && state.state === 'absent' && parts.failMode === 'open'
  const decision: Allow | Deny =
    failOpen || !enforces(parts.mode)
      ? { ...unruled, effect: 'allow', reason: '', obligations: [] }
      : { ...policyError(unruled, undefined, notInForce), code: 'policy_unavailable' }
  const verdict = { decisionId, decision, evalUs: 0 }
  await record(
    { verdict, hook: 'pre', call, sent: undefined, bundleDigest: '', failOpen },
    parts,
  ).catch((thrown: unknown) => {
    if (!failOpen) throw thrown
  })
  if (decision.effect === 'deny') throw refusal(decision, decisionId, { forwarded: false })
  showUnjudged(call, decision, decisionId, parts)
  return unjudged(call, undefined, decisionId)
}

/**
 * The decision about a call, and the call as it is to be sent. A patched call is judged once more, and what is sent is
 * judged as all that it does.
 */
export async function ruleOn(call: Call, policy: Policy, parts: PipelineParts): Promise<Ruled> {
  const { message } = call
  const described = parts.describe(call)
  const verdict = await judge(
    {
      hook: 'pre',
      described,
      response: undefined,
      text: message.text,
      root: writableRoot(call),
      wellFormed: message.wellFormed,
    },
    policy,
    parts,
  )
  const ruled: Ruled =
    verdict.text === message.text
      ? { verdict, sent: call, described }
      : { ...judgeAgain(call, verdict, policy, parts), described }
  const implies = methodRow(call.operation.kind)?.implies ?? 'none'
  if (implies === 'none' || ruled.verdict.decision.effect === 'deny') return ruled
  return ruleOnImplied(ruled, implies, policy, parts)
}

export interface Ruled {
  readonly verdict: Verdict
  /** The call as it is to be sent. */
  readonly sent: Call
  /** The call as policy saw it. */
  readonly described: CallDescription
}

function judgeAgain(call: Call, verdict: Verdict, policy: Policy, parts: PipelineParts) {
  const sent = rewritten(call, verdict.text)
  if (sent instanceof GatewayError) {
    const reason = `patch: the message can no longer be sent: ${sent.message}`
    return {
      verdict: { ...verdict, decision: policyError(verdict.decision, 'obligation', reason) },
      sent: call,
    }
  }
  const again = policy.evaluate(inputAt(parts.describe(sent), { hook: 'pre', time: parts.now() }))
  if (strictness[again.effect] <= strictness[verdict.decision.effect]) return { verdict, sent }
  return {
    verdict: { ...verdict, decision: again },
    sent: again.effect === 'dry_run' ? sent : call,
  }
}

async function ruleOnImplied(
  { verdict, sent, described }: Ruled,
  implies: 'read' | 'reference' | 'subscriptions',
  policy: Policy,
  parts: PipelineParts,
): Promise<Ruled> {
  const started = performance.now()
  const { decision } = verdict
  const ruled =
    implies === 'subscriptions'
      ? await admitSubscriptions(decision, sent, policy, parts)
      : { decision: withImplied(decision, sent, policy, parts), sent }
  const evalUs = verdict.evalUs + Math.round((performance.now() - started) * 1000)
  return { verdict: { ...verdict, decision: ruled.decision, evalUs }, sent: ruled.sent, described }
}
