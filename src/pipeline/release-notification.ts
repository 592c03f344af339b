import type { Call } from '../domain/call.js'
import type { NotificationMessage } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import type { JudgedResponse } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { methodRow } from '../wire/methods.js'
import { withImplied } from './implied.js'
import { enforces, judge, policyError, record, unruled, type Verdict } from './judge.js'
import type { PipelineParts } from './parts.js'
import { judgesReply, type Judging } from './judging.js'
import { showNotification } from './shown-to-candidate.js'
import { isRefused, unknownVerdict } from './unknown-methods.js'

/**
 * A notification of the server, as policy permits it; undefined where it is dropped.
 * @param causedBy what the call asked for on whose stream it comes; undefined where it comes on no call's
 */
export async function releaseNotification(
  message: NotificationMessage,
  causedBy: Operation | undefined,
  { call: origin, policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const params = message.params?.span
  const operation = { type: 'other', kind: message.method, params } as const
  const call: Call = { ...origin, message, operation, causedBy, direction: 'to_client' }
  const verdict = await ruleOnNotification(message, call, policy, parts)
  if (verdict === undefined) return message.text
  const hook = judgesReply(policy, call) ? 'post' : 'pre'
  const bundleDigest = policy.digest
  await record({ verdict, hook, call, sent: undefined, bundleDigest, failOpen: false }, parts)
  if (!enforces(parts.mode)) return message.text
  return verdict.decision.effect === 'allow' ? verdict.text : undefined
}

/** Undefined where nobody has anything to say of it. */
async function ruleOnNotification(
  message: NotificationMessage,
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Promise<Verdict | undefined> {
  if (isRefused(message.method, parts)) return unknownVerdict(message, parts)
  const isJudged = judgesReply(policy, call)
  if (!isJudged) showNotification(call, shownOf(message), policy, parts)
  const implies = (methodRow(message.method)?.implies ?? 'none') !== 'none'
  if (!implies && !isJudged) return undefined
  const verdict = isJudged
    ? await judgeNotification(message, call, policy, parts)
    : passed(message, policy, parts)
  return implies ? { ...verdict, decision: asRead(verdict, call, policy, parts) } : verdict
}

/** News of a resource is for whoever may read it: asked as its reader would ask. */
function asRead({ decision }: Verdict, call: Call, policy: Policy, parts: PipelineParts) {
  return withImplied(decision, { ...call, direction: 'to_server' }, policy, parts)
}

async function judgeNotification(
  message: NotificationMessage,
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Promise<Verdict> {
  const { text, params, wellFormed } = message
  return judge(
    {
      hook: 'post',
      described: parts.describe(call),
      response: shownOf(message),
      text,
      root: { name: 'response', span: params?.span, isError: false },
      wellFormed,
    },
    policy,
    parts,
  )
}

/** Its params, as policy sees them. */
function shownOf({ text, params }: NotificationMessage): JudgedResponse {
  const shown = params === undefined ? noParams : { text, span: params.span }
  return { ...shown, isError: false }
}

const noParams = { text: Buffer.from('{}'), span: { start: 0, end: 2 } }

/** Where policy has no post-hook, it has nothing to say of the notification itself. */
function passed(
  { text, wellFormed }: NotificationMessage,
  { revision }: Policy,
  { newId }: PipelineParts,
): Verdict {
  const ruling = { ...unruled, revision }
  const decision = wellFormed
    ? ({ ...ruling, effect: 'allow', reason: '', obligations: [] } as const)
    : policyError(
        ruling,
        'input',
        'the message holds a lone surrogate, which policy cannot be shown',
      )
  return { decisionId: newId(), decision, text, evalUs: 0 }
}
