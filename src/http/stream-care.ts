import type { ServerResponse } from 'node:http'
import type { PipedAnswer } from '../domain/answer.js'
import type { GatewayError } from '../domain/errors.js'

/** What an event stream needs where nobody but the gateway is its server. */
export interface StreamCare {
  /** How long it may be silent before it shows that it lives, milliseconds: proxies end what is silent for a minute. */
  readonly silenceMs: number
  /** The event with which a stream ends that has failed; undefined where there is nothing to say. */
  readonly lastWord: (error: GatewayError) => Buffer | undefined
}

/** A stream that is looked after. */
export interface CaredFor {
  /** Whether an event of the gateway's own can stand here. */
  readonly isBetweenEvents: boolean
  wrote(chunk: Buffer): void
  stop(): void
}

/** @param put writes something to the stream */
export function lookAfter(
  response: ServerResponse,
  { silenceMs }: StreamCare,
  put: (chunk: Buffer) => unknown,
): CaredFor {
  let isBetweenEvents = true
  const timer = setInterval(() => {
    // Whoever does not read will not see it either.
    if (isBetweenEvents && !response.writableNeedDrain) put(signOfLife)
  }, silenceMs)
  timer.unref()
  return {
    get isBetweenEvents() {
      return isBetweenEvents
    },
    wrote: (chunk) => {
      isBetweenEvents = eventEnd.test(chunk.toString('latin1', Math.max(0, chunk.length - 4)))
      timer.refresh()
    },
    stop: () => clearInterval(timer),
  }
}

export function isEventStream({ headers }: PipedAnswer): boolean {
  return headers.some(([name, value]) => name === 'content-type' && isOfEvents.test(value))
}

const isOfEvents = /^text\/event-stream/i
const eventEnd = /(?:\n\n|\r\n\r\n|\r\r)$/
const signOfLife = Buffer.from(': alive\n\n')
