import { type EventFrame, readFrame } from './event-frame.js'
import { afterLineEnd, carriageReturn, lineEndsOf, lineFeed } from './event-lines.js'
import { createHeldBytes } from './held-bytes.js'

export { type EventFrame, readFrame, replaceData, replaceId, writeEvent } from './event-frame.js'

/** Cuts an event stream into frames whose `raw` bytes, in order, are exactly the bytes that went in. */
export interface EventSplitter {
  /** The frames that this chunk completes. */
  push(chunk: Buffer): EventFrame[]
  /**
   * What is left when the stream has ended, read as if its blank line had come: the standard has clients
   * drop such an event, but some take it.
   */
  flush(): EventFrame | undefined
  /** Bytes that wait for the rest of their frame. */
  readonly pendingBytes: number
}

/**
 * A splitter for one stream (WHATWG HTML, server-sent events). A frame is an event with its blank line. A
 * comment line in front of an event, a blank line without one and the byte order mark are frames of their
 * own, so that a keep-alive never waits for the event after it. A CR ends its line, and the event, at once:
 * the LF of a CR LF that comes in a later chunk is then a frame like any blank line.
 */
export function createEventSplitter(): EventSplitter {
  const held = createHeldBytes()
  const place: Place = {
    hasBegun: false,
    isAfterCarriageReturn: false,
    isInEvent: false,
    line: 'blank',
  }
  return {
    push(chunk) {
      const bytes = place.hasBegun ? chunk : held.takeWith(chunk)
      const ends = frameEndsOf(bytes, place)
      const starts = [0, ...ends]
      const frames = ends.map((end, i) => readFrame(held.takeWith(bytes.subarray(starts[i], end))))
      held.add(bytes.subarray(starts.at(-1)))
      return frames
    },
    flush() {
      return held.length === 0 ? undefined : readFrame(held.takeWith(Buffer.alloc(0)))
    },
    get pendingBytes() {
      return held.length
    },
  }
}

const colon = 0x3a
const byteOrderMark = Buffer.from('\ufeff')

/** Where in the stream the next byte stands. */
interface Place {
  /** The byte order mark is behind, or was not there. */
  hasBegun: boolean
  isAfterCarriageReturn: boolean
  /** Whole lines of the frame under way are behind. */
  isInEvent: boolean
  /** What the line under way has been so far. */
  line: 'blank' | 'comment' | 'field'
}

/** Where in these bytes frames end; moves `place` behind the bytes. */
function frameEndsOf(bytes: Buffer, place: Place): number[] {
  const ends: number[] = []
  let at = afterOpening(bytes, place)
  if (at > 0 && !place.isInEvent) ends.push(at)
  const lineEnd = lineEndsOf(bytes)
  while (place.hasBegun && at < bytes.length) {
    const end = lineEnd(at)
    if (place.line === 'blank' && end > at) {
      place.line = bytes[at] === colon ? 'comment' : 'field'
    }
    if (end === bytes.length) break
    at = afterLineEnd(bytes, end)
    const endsFrame = place.line === 'blank' || (place.line === 'comment' && !place.isInEvent)
    if (endsFrame) ends.push(at)
    place.isInEvent = !endsFrame
    place.line = 'blank'
  }
  if (bytes.length > 0) place.isAfterCarriageReturn = bytes.at(-1) === carriageReturn
  return ends
}

/** Skips what may stand before a line: the mark that begins the stream, the LF of a CR LF that was cut in two. */
function afterOpening(bytes: Buffer, place: Place): number {
  if (place.hasBegun) return place.isAfterCarriageReturn && bytes[0] === lineFeed ? 1 : 0
  const opening = bytes.subarray(0, byteOrderMark.length)
  const isMark = byteOrderMark.subarray(0, opening.length).equals(opening)
  place.hasBegun = !isMark || opening.length === byteOrderMark.length
  return isMark && place.hasBegun ? opening.length : 0
}
