import type { ResponseMessage } from '../domain/message.js'
import { aboutResponse, enforces, judge, record } from './judge.js'
import { noteReply } from './list-notes.js'
import type { PipelineParts } from './parts.js'
import { readMessage } from '../wire/message.js'
import { leftOf } from './refuse.js'
import { anyKeys, responseSteps } from './response-steps.js'
import { showReply } from './shown-to-candidate.js'
import { isOfUnknownCall, refuseUnknownCall } from './unknown-calls.js'
import { taskOrigin } from './task-results.js'
import { judgesReply, type Judging } from './judging.js'
import { withNotesAt } from './result-notes.js'
import { toldOf } from './told.js'

/**
 * One response as policy permits it: what the post-hook leaves of it, then what each step does.
 * @throws GatewayError a refusal; the call itself was carried out
 */
export async function releaseResponse(
  message: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const origin = taskOrigin(judging, parts)
  if (isOfUnknownCall(origin)) await refuseUnknownCall(origin, parts)
  showReply(message.text, origin, parts)
  const { text, warnings } = await judgeResponse(message, origin, parts)
  const isKeyed = anyKeys.isIn(text)
  let released: ResponseMessage | undefined
  for (const step of responseSteps) {
    if ((step.keys !== undefined && !isKeyed) || !step.reads(judging, parts)) continue
    released ??= text === message.text ? message : (readMessage(text) as ResponseMessage)
    released = await step.release(released, judging, parts)
  }
  noteReply(message, judging, parts)
  const { dryRun } = origin
  if (warnings.length === 0 && dryRun === undefined) return released?.text ?? text
  const left = text === message.text ? message : (readMessage(text) as ResponseMessage)
  const { outcome, text: noted } = released ?? left
  // Errors have no `_meta`.
  return outcome.type === 'error' ? noted : withNotesAt(noted, outcome.span, { warnings, dryRun })
}

/** What the post-hook leaves of a response, and what its caller is told beside it. */
interface Left {
  readonly text: Buffer
  readonly warnings: readonly string[]
}

async function judgeResponse(
  message: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<Left> {
  const { call, policy, warnings, described } = judging
  if (!judgesReply(policy, call)) return { text: message.text, warnings }
  const shown = described?.call === call ? described : parts.describe(call)
  const verdict = await judge(aboutResponse(message, shown), policy, parts)
  const { decision } = verdict
  const bundleDigest = policy.digest
  const judged = {
    verdict,
    hook: 'post',
    call,
    sent: undefined,
    bundleDigest,
    failOpen: false,
  } as const
  // The call was on record before it was forwarded. What is released need not wait for its line, a refusal does.
  if (decision.effect === 'allow') record(judged, parts).catch(reportedByTheLog)
  else await record(judged, parts)
  const text = enforces(parts.mode) ? leftOf(verdict) : message.text
  return { text, warnings: [...warnings, ...toldOf(decision, parts)] }
}

const reportedByTheLog = (): void => undefined
