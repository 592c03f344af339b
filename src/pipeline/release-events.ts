import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { ReplyBody } from '../domain/reply.js'
import {
  createEventSplitter,
  replaceData,
  writeEvent,
  type EventFrame,
} from '../wire/event-stream.js'
import { refuseInBand } from '../wire/refusal.js'
import type { PipelineParts } from './parts.js'
import { releaseMessage, type MessageStream } from './release-message.js'
import { withhold } from './release-response.js'

/**
 * The events of a stream as policy permits them: each goes on as soon as it is whole and judged, in order,
 * byte for byte unless policy changed it.
 */
export async function* releaseEvents(
  body: ReplyBody,
  stream: MessageStream,
  parts: PipelineParts,
): AsyncGenerator<Buffer, void, undefined> {
  const splitter = createEventSplitter()
  try {
    for await (const chunk of body) {
      for (const frame of splitter.push(chunk)) {
        const released = await releaseFrame(frame, stream, parts)
        if (released !== undefined) yield released
      }
      if (splitter.pendingBytes > parts.maxMessageBytes) {
        throw new GatewayError('upstream_invalid', 'An event is too long to be judged')
      }
    }
    // An event that was cut off is none to a client that keeps to the standard; to others it is one.
    const rest = splitter.flush()
    const released = rest === undefined ? undefined : await releaseFrame(rest, stream, parts)
    if (released !== undefined) yield released
  } catch (thrown) {
    const error = asGatewayError(thrown)
    const { permitted } = stream
    if (error.code === 'upstream_invalid' && permitted.policy !== undefined) {
      await withhold(error, { ...permitted, policy: permitted.policy }, parts)
    }
    const ending = endOfStream(error, stream, parts)
    if (ending !== undefined) yield ending
  }
}

/** The frame as it goes on; undefined where it is dropped. */
async function releaseFrame(
  frame: EventFrame,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const { data } = frame
  if (data === undefined || data.length === 0) return frame.raw
  const released = await releaseMessage(data, stream, parts)
  if (released === undefined) return undefined
  return released === data ? frame.raw : replaceData(frame, released)
}

/** Once a response streams, its failure can only be told in-band; a listening client just reconnects. */
function endOfStream(
  error: GatewayError,
  { permitted, listening }: MessageStream,
  { telling }: PipelineParts,
): Buffer | undefined {
  const { message, operation } = permitted.call
  if (message.form !== 'request' || listening) return undefined
  const refused = refuseInBand(error, { id: message.id, kind: operation.kind }, telling)
  return writeEvent(refused)
}
