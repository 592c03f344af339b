import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Message, ResponseMessage } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import { readMessage } from '../wire/message.js'
import { refuseInBand } from '../wire/refusal.js'
import type { Permitted } from './admit.js'
import { enforces } from './judge.js'
import type { OpenCall, PipelineParts } from './parts.js'
import type { Subscription } from './list-telling.js'
import { isJudged, policyInForce, type Judging } from './judging.js'
import { releaseNotification } from './release-notification.js'
import { releaseResponse } from './release-response.js'
import { releaseServerRequest } from './release-server-request.js'
import { comparableId, isReplyTo } from './request-id.js'
import { showReply } from './shown-to-candidate.js'
import { releaseTaskNotice } from './task-notices.js'
import { withhold } from './withhold.js'

/** A stream of messages towards the client, and the call that it belongs to. */
export interface MessageStream {
  /** The call that it answers, or the one that stands for a listening client. */
  readonly permitted: Permitted
  /** A stream that the client opened to listen: its messages belong to no call, and meet the policy in force. */
  readonly listening: boolean
  /** The call whose reply may be resumed after this stream, or is resumed on it. */
  readonly openCall: OpenCall | undefined
  /** What the gateway itself says on a stream of the modern era that the client opened to listen. */
  readonly subscription?: Subscription | undefined
}

/**
 * One message of a stream as policy permits it: the same Buffer where nothing was changed, undefined where it is
 * dropped.
 * @throws GatewayError `upstream_invalid` in enforce mode, where the text cannot be read without doubt
 */
export async function releaseMessage(
  text: Buffer,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const judging = judgingNow(stream, parts)
  const inForce = policyInForce(parts)
  const reading = judging ?? (inForce && { ...stream.permitted, policy: inForce })
  if (reading === undefined) {
    if (!stream.listening) showReply(text, stream.permitted, parts)
    return text
  }
  const message = await read(text, reading, parts)
  if (message?.form === 'request') {
    return releaseServerRequest(message, { ...reading, policy: inForce ?? reading.policy }, parts)
  }
  if (message === undefined || judging === undefined) return text
  switch (message.form) {
    case 'response':
      return answerOrRefusal(message, judging, stream, parts)
    case 'notification':
      return acknowledged(
        await releaseTaskNotice(
          await releaseNotification(message, causeOf(judging, stream), judging, parts),
          message.method,
          judging,
          parts,
        ),
        message.method,
        stream,
      )
  }
}

/** The stream with the policy that decides about its messages now; undefined where none does. */
export function judgingNow(
  { permitted, listening }: MessageStream,
  parts: PipelineParts,
): Judging | undefined {
  const lasts = listening || permitted.call.operation.kind === 'subscriptions/listen'
  if (!lasts) return isJudged(permitted) ? permitted : undefined
  const policy = policyInForce(parts)
  return policy === undefined ? undefined : { ...permitted, policy }
}

async function read(
  text: Buffer,
  judging: Judging,
  parts: PipelineParts,
): Promise<Message | undefined> {
  try {
    return readMessage(text)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const fault = new GatewayError('upstream_invalid', thrown.message, { cause: thrown })
    if (enforces(parts.mode)) throw fault
    await withhold(fault, judging, parts)
    return undefined
  }
}

/** What the call asked for on whose stream a notification comes. */
function causeOf({ call }: Judging, { listening, openCall }: MessageStream): Operation | undefined {
  return listening ? openCall?.known()?.call.operation : call.operation
}

function acknowledged(
  text: Buffer | undefined,
  method: string,
  { subscription }: MessageStream,
): Buffer | undefined {
  return text === undefined || subscription === undefined ? text : subscription.passes(method, text)
}

async function answerOrRefusal(
  message: ResponseMessage,
  judging: Judging,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer> {
  const answered = { ...callOf(message, judging, stream), policy: judging.policy }
  stream.openCall?.answered(comparableId(message.id))
  stream.subscription?.end()
  try {
    return await releaseResponse(message, answered, parts)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const { kind } = answered.call.operation
    return refuseInBand(thrown, { id: message.id, kind }, parts.telling)
  }
}

/** The call that a response answers: the stream's own, the one whose stream is resumed here, or none that is known. */
function callOf(message: ResponseMessage, judging: Judging, stream: MessageStream): Permitted {
  if (isReplyTo(judging.call.message, message)) return judging
  const resumed = stream.listening ? stream.openCall?.recall(comparableId(message.id)) : undefined
  if (resumed !== undefined) return resumed
  const call: Call = { ...judging.call, message, operation: unsolicited, direction: 'to_client' }
  return { ...judging, call, sent: call, described: undefined, warnings: [], dryRun: undefined }
}

const unsolicited: Operation = { type: 'other', kind: 'unsolicited', params: undefined }
