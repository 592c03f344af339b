import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import { createLine, type Line } from '../domain/hang-up.js'
import type { Message } from '../domain/message.js'
import type { Pipeline } from '../domain/ports.js'
import { readMessage } from '../wire/message.js'
import { askedBy, refuseInBand, type Telling } from '../wire/refusal.js'
import { createCalls, type CallsParts } from './calls.js'
import { conduct, inBand, type ConductEvents } from './conduct.js'
import { idOf } from './faulty-line.js'
import { readLines, type InputLine } from './input.js'
import { readMessages } from './messages.js'
import { createOutput } from './output.js'
import type { Turnstile } from './turnstile.js'

export interface StdioFrontParts extends CallsParts {
  readonly input: Readable
  readonly output: Writable
  readonly pipeline: Pipeline
  /** Stands before the upstream of this pipeline. */
  readonly turnstile: Turnstile
  readonly telling: Telling
  readonly maxLineBytes: number
  readonly events: ConductEvents
}

/** The door to one host that speaks newline-delimited JSON-RPC: its lines are calls, and what comes back is lines. */
export interface StdioFront {
  /** Resolves when the host has closed its end, or reads no more. */
  readonly hostGone: Promise<void>
  /** Finishes what is in flight, within `waitMs`; gives how many calls were cut off. A second, shorter wait wins. */
  drain(waitMs: number): Promise<number>
}

/** Requests that may be in flight; a host that asks for more is told so. */
const mostInFlight = 1_000

export function createStdioFront(parts: StdioFrontParts): StdioFront {
  const { pipeline, turnstile, telling, events } = parts
  const calls = createCalls(parts)
  const inFlight = new Set<InFlight>()
  const listening = createLine()
  let isListening = false
  let leave: (() => void) | undefined
  const unread = new Promise<void>((resolve) => {
    leave = resolve
  })
  const output = createOutput(parts.output, () => leave?.())
  const conducting = {
    pipeline,
    output,
    telling,
    events,
    passed: ({ id }: { readonly id: string }) => turnstile.leave(id),
    agreed: (protocol: string) => calls.agreed(protocol),
  }

  async function take(line: InputLine): Promise<void> {
    await output.room()
    void listen()
    let message: Message | undefined
    try {
      message = readMessage(within(line, parts.maxLineBytes))
      if (message.form === 'request' && inFlight.size >= mostInFlight) throw tooMany()
      // Beyond that many requests there are only messages that wait for nobody but the server to take them.
      while (inFlight.size >= 2 * mostInFlight) {
        await Promise.race([...inFlight].map(({ over }) => over))
      }
      begin(message)
    } catch (thrown) {
      const error = asGatewayError(thrown)
      events.requestRefused(error, inBand)
      const asked = message === undefined ? { id: idOf(line), kind: '' } : askedBy(message)
      const isAnswered = message === undefined || message.form === 'request'
      if (isAnswered) await output.write(refuseInBand(error, asked, telling))
    }
  }

  function begin(message: Message): void {
    const call = calls.read(message)
    for (const entry of inFlight) if (cancels(message, entry.id)) entry.isAwaited = false
    turnstile.enter(call.id)
    const line = createLine()
    const entry: InFlight = {
      line,
      id: askedBy(message).id,
      isAwaited: call.operation.kind !== 'subscriptions/listen',
      over: conduct(call, askedBy(message), line, conducting).finally(() => inFlight.delete(entry)),
    }
    inFlight.add(entry)
  }

  /** What the server says by itself. Without a policy nothing may flow: it is opened anew until there is one. */
  async function listen(): Promise<void> {
    if (isListening || listening.happened) return
    isListening = true
    try {
      const answer = await pipeline.listen(calls.listening(), listening)
      if (answer.type === 'piped') await readMessages(answer, (message) => output.write(message))
    } catch (thrown) {
      isListening = false
      events.requestRefused(asGatewayError(thrown), inBand)
    }
  }

  void listen()
  const hostGone = Promise.race([readLines(parts.input, parts.maxLineBytes, take), unread])
  return {
    hostGone,
    drain: async (waitMs) => {
      listening.hangUp()
      for (const { line, isAwaited } of inFlight) if (!isAwaited) line.hangUp()
      await settled(
        waitMs,
        [...inFlight].map(({ over }) => over),
      )
      const left = [...inFlight]
      for (const { line } of left) line.hangUp()
      if (!(await settled(Math.min(waitMs, lastWordMs), [output.flushed()]))) output.abandon()
      return left.length
    },
  }
}

/** How long a host may take to read what is written already, milliseconds. */
const lastWordMs = 500

interface InFlight {
  readonly line: Line
  /** As it is spelled. */
  readonly id: string
  /** Whether the host may leave only when it is over: not where it listens, nor where it has cancelled. */
  isAwaited: boolean
  readonly over: Promise<void>
}

function cancels(message: Message, id: string): boolean {
  if (message.form !== 'notification' || message.method !== 'notifications/cancelled') return false
  const named = message.params?.members.get('requestId')?.value
  return named !== undefined && message.text.toString('utf8', named.start, named.end) === id
}

/** @throws GatewayError `body_too_large` */
function within(line: InputLine, maxBytes: number): Buffer {
  if (line !== 'too_long') return line
  throw new GatewayError('body_too_large', `A message may have ${maxBytes} bytes at most`)
}

function tooMany(): GatewayError {
  return new GatewayError('rate_limited', 'Too many requests are in flight')
}

/** Whether all have resolved within `waitMs`. */
async function settled(waitMs: number, all: readonly Promise<void>[]): Promise<boolean> {
  const stop = new AbortController()
  const late = delay(waitMs, false, { signal: stop.signal }).catch(() => false)
  const inTime = await Promise.race([Promise.all(all).then(() => true), late])
  stop.abort()
  return inTime
}
