import { asGatewayError, type GatewayError } from '../domain/errors.js'
import type { Chunks } from '../domain/reply.js'
import type { EventFrame } from '../wire/event-stream.js'
import { eventsOf } from './answers.js'
import { createLines, type Lines } from './lines.js'

/** A server's own stream, as it was opened or not. */
export type Opened =
  | { readonly type: 'open'; readonly chunks: Chunks }
  /** The server has none, and will have none. */
  | { readonly type: 'never' }
  | { readonly type: 'failed'; readonly error: GatewayError }

export interface Following {
  readonly lines: Lines
  readonly maxMessageBytes: number
  /** Rejects where there is no use in trying again: the session is gone. @param lines of this attempt */
  open(lines: Lines): Promise<Opened>
  /** Every attempt to open it. */
  told(opened: Opened, isFirst: boolean): void
  /** One event, for which the next one waits. Gives whether it told anything. */
  pass(frame: EventFrame): Promise<boolean>
  /** It came to its end, by itself or because it failed. False where it is not to be opened again. */
  ended(error: GatewayError | undefined): boolean
}

const shortestPauseMs = 250
const longestPauseMs = 30_000

/** Keeps a server's stream open for as long as the client listens: one that ends is opened again after a pause. */
export async function follow(following: Following): Promise<void> {
  const { lines } = following
  let pauseMs = shortestPauseMs
  for (let isFirst = true; !lines.happened; isFirst = false) {
    const line = lines.line()
    const opened = await following.open(createLines(line))
    following.told(opened, isFirst)
    if (opened.type === 'never') return
    if (opened.type === 'open') {
      const isHeard = await passAll(opened.chunks, following)
      if (isHeard === 'over') return
      if (isHeard) pauseMs = shortestPauseMs
    }
    lines.release(line)
    await lines.pause(pauseMs)
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
  }
}

/** Whether it told anything; `over` where nobody wants it again. */
async function passAll(chunks: Chunks, following: Following): Promise<boolean | 'over'> {
  const events = eventsOf(chunks, following.maxMessageBytes)
  let isHeard = false
  let error: GatewayError | undefined
  try {
    for (let frames = await events.read(); frames !== undefined; frames = await events.read()) {
      for (const frame of frames) isHeard = (await following.pass(frame)) || isHeard
    }
  } catch (thrown) {
    chunks.cancel()
    error = asGatewayError(thrown)
  }
  return following.ended(error) ? isHeard : 'over'
}
