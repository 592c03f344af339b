import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { Chunks, ReplyBody } from '../domain/reply.js'
import {
  createEventSplitter,
  replaceData,
  writeEvent,
  type EventFrame,
  type EventSplitter,
} from '../wire/event-stream.js'
import { refuseInBand } from '../wire/refusal.js'
import { enforces } from './judge.js'
import { keptCall } from './kept-call.js'
import type { KeptCall, PipelineParts } from './parts.js'
import { judgingNow, releaseMessage, type MessageStream } from './release-message.js'
import { withhold } from './withhold.js'

/**
 * The events of a stream as policy permits them: each goes on as soon as it is whole and judged, in order,
 * byte for byte unless policy changed it.
 * @throws GatewayError `upstream_unavailable` where the stream broke off and the client can resume it
 */
export function releaseEvents(
  body: ReplyBody,
  stream: MessageStream,
  parts: PipelineParts,
): Chunks {
  const splitter = createEventSplitter()
  let frames: readonly EventFrame[] = []
  let at = 0
  let resumable = stream.listening
  let ended = false

  async function next(): Promise<Buffer | undefined> {
    for (;;) {
      const frame = frames[at]
      if (frame === undefined) {
        if (ended) {
          stream.openCall?.ended()
          return undefined
        }
        const unjudged = await releaseTooLong(splitter, stream, parts)
        if (unjudged !== undefined) return unjudged
        frames = split(await body.read())
        at = 0
        continue
      }
      at += 1
      const { id = '' } = frame
      resumable ||= id !== ''
      const released = await releaseFrame(frame, stream, parts)
      if (released === undefined) continue
      if (id !== '') stream.openCall?.passed(id, keep)
      return released
    }
  }

  function keep(): KeptCall | undefined {
    return keptCall(stream.permitted, parts)
  }

  function split(chunk: Buffer | undefined): readonly EventFrame[] {
    if (chunk !== undefined) return splitter.push(chunk)
    ended = true
    // An event that was cut off is none to a client that keeps to the standard; to others it is one.
    const rest = splitter.flush()
    return rest === undefined ? [] : [rest]
  }

  return {
    read: async () => {
      try {
        return await next()
      } catch (thrown) {
        ended = true
        frames = []
        body.cancel()
        const error = asGatewayError(thrown)
        // A stream that only broke off must look like it, or nobody asks for the rest.
        if (error.code === 'upstream_unavailable' && resumable) throw error
        return endOfStream(error, stream, parts)
      }
    },
    cancel: () => body.cancel(),
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

/**
 * What waits for the end of an event that nobody could judge any more, where it may go on nevertheless.
 * @throws GatewayError `upstream_invalid` in enforce mode
 */
async function releaseTooLong(
  splitter: EventSplitter,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  if (splitter.pendingBytes <= parts.maxMessageBytes) return undefined
  const judging = judgingNow(stream, parts)
  if (judging !== undefined) {
    const fault = new GatewayError('upstream_invalid', 'An event is too long to be judged')
    if (enforces(parts.mode)) throw fault
    await withhold(fault, judging, parts)
  }
  return splitter.flush()?.raw
}

/** Once a response streams, its failure can only be told in-band; a listening client just reconnects. */
async function endOfStream(
  error: GatewayError,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const judging = judgingNow(stream, parts)
  const unjudged = error.code === 'upstream_invalid' && judging !== undefined
  const told = unjudged ? await withhold(error, judging, parts).catch(asGatewayError) : error
  const { message, operation } = stream.permitted.call
  if (message.form !== 'request' || stream.listening) return undefined
  return writeEvent(refuseInBand(told, { id: message.id, kind: operation.kind }, parts.telling))
}
