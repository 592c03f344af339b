import type { ResponseMessage } from '../domain/message.js'
import { warningsOf } from './admit.js'
import { aboutResponse, enforces, judge, record } from './judge.js'
import { noteReply } from './list-notes.js'
import type { PipelineParts } from './parts.js'
import { readMessage } from '../wire/message.js'
import { leftOf } from './refuse.js'
import { anyKeys, responseSteps } from './response-steps.js'
import { showReply } from './shown-to-candidate.js'
import { taskOrigin } from './task-results.js'
import type { Judging } from './judging.js'
import { withWarnings } from './warn.js'

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
  showReply(message.text, origin, parts)
  const text = await judgeResponse(message, origin, parts)
  const isKeyed = anyKeys.isIn(text)
  let released: ResponseMessage | undefined
  for (const step of responseSteps) {
    if ((step.keys !== undefined && !isKeyed) || !step.reads(judging, parts)) continue
    released ??= text === message.text ? message : (readMessage(text) as ResponseMessage)
    released = await step.release(released, judging, parts)
  }
  noteReply(message, judging, parts)
  return released === undefined ? text : released.text
}

async function judgeResponse(
  message: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const { call, policy, warnings, described } = judging
  const warned = (all: readonly string[]): Buffer =>
    parts.mode === 'warn' ? withWarnings(message, all, parts) : message.text
  if (!policy.hooks.post) return warned(warnings)
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
  if (!enforces(parts.mode)) return warned([...warnings, ...warningsOf(decision)])
  return leftOf(verdict)
}

const reportedByTheLog = (): void => undefined
