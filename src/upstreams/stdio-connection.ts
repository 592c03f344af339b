import type { Call } from '../domain/call.js'
import type { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import { emptyReply } from '../domain/local-reply.js'
import type { Message, NotificationMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { readMessage } from '../wire/message.js'
import { isAsked } from './stdio-asked.js'
import { createAsking } from './stdio-asking.js'
import type { Child, ChildListener } from './stdio-child.js'
import type { ChildExit, DroppedMessage } from './stdio-events.js'
import type { Exchange } from './stdio-exchange.js'
import { childFailure, deafChild, invalid, notReached, unavailable } from './stdio-failures.js'
import { hear } from './stdio-hearing.js'
import { answeredBy } from './stdio-lines.js'
import { cancelledBy, type Clients, type Exchanges } from './stdio-related.js'
import type { Strays } from './stdio-strays.js'
import { createThrottle } from './stdio-throttle.js'
import { straysOfMany } from './stdio-strays-of-many.js'
import { straysOfOne } from './stdio-strays-of-one.js'

/** A child that is asked under ids of its own, so that no two callers' ids can meet there. */
export interface Connection {
  /**
   * Sends any message of a client. A request's reply comes as soon as the child begins to answer.
   * @throws GatewayError `upstream_unavailable`, `upstream_timeout`, `upstream_invalid`
   */
  readonly send: (call: Call, hangUp: HangUp) => Promise<Reply>
  /**
   * Writes the answer to a request of the child: a JSON-RPC response.
   * @throws GatewayError `upstream_unavailable`
   */
  answer(text: Buffer): void
  /**
   * Opens the stream of messages that belong to no request.
   * @throws GatewayError `upstream_unavailable`
   */
  listen(hangUp: HangUp): Reply
  /** False once the child has ended or is to end. */
  readonly isOpen: boolean
  /** How long nothing has passed, milliseconds; 0 while a client waits or listens. */
  readonly idleMs: number
  /** Resolves when the child has ended; everything in flight has failed by then. */
  readonly ended: Promise<ChildExit>
  /** Ends the child; what is in flight fails at once. Resolves when the child is gone. */
  close(): Promise<void>
}

export interface ConnectionParts {
  readonly clients: Clients
  /** Names the server where it cannot be started. */
  readonly command: string
  readonly timeoutMs: number
  /** How long a request of the child waits for a stream, milliseconds. */
  readonly patienceMs: number
  /** @throws GatewayError `upstream_unavailable` */
  readonly start: (listener: ChildListener) => Child
  readonly dropped: (why: DroppedMessage) => void
}

/** @throws GatewayError `upstream_unavailable` */
export function connect(parts: ConnectionParts): Connection {
  const { clients, timeoutMs } = parts
  const exchanges = new Map<number, Exchange>()
  let lastMessage = performance.now()
  let isOpen = true

  const touch = (): void => {
    lastMessage = performance.now()
  }
  const throttle = createThrottle({
    hold: () => child.hold(throttle),
    release: () => child.release(throttle),
  })
  const dropped = (why: DroppedMessage): void => {
    throttle.add()
    parts.dropped(why)
  }
  const refuse = (id: string, code: number, message: string): void => {
    child.write(errorResponse(id, code, message))
  }
  const strays = straysOf({ ...parts, dropped }, exchanges, refuse, touch)
  const hearing = { clients, exchanges, strays, refuse, dropped }

  const failAll = (error: GatewayError): void => {
    isOpen = false
    throttle.close()
    strays.close()
    for (const exchange of [...exchanges.values()]) exchange.fail(error)
  }

  const { child, ended } = startWith(parts, {
    line(line) {
      touch()
      return !isOpen || hear(line, hearing)
    },
    lineTooLong(line) {
      const tooLong = invalid('The server sent a message that is longer than it may be')
      const exchange = line.isEndless ? undefined : exchanges.get(answeredBy(line) ?? 0)
      if (exchange !== undefined) {
        touch()
        exchange.fail(tooLong)
        return true
      }
      // Whom it was for cannot be told: nobody may wait for it in vain.
      failAll(tooLong)
      void child.end()
      return false
    },
    ended: (exit) => failAll(childFailure(exit, parts.command)),
  })
  const ask = createAsking({ clients, child, exchanges, strays, timeoutMs })

  const tell = (text: Buffer): void => {
    if (!isOpen) throw closed()
    touch()
    if (!child.write(text)) throw deafChild()
  }

  const notify = (message: NotificationMessage): void => {
    if (message.method !== 'notifications/cancelled') {
      tell(message.text)
      return
    }
    // Under the ids of one client, another's request must not be found.
    const cancelled = clients === 'one' ? cancelledBy(message, exchanges) : undefined
    if (cancelled === undefined) return
    cancelled.exchange.conclude(cancelGraceMs)
    tell(cancelled.text)
  }

  const answer = (response: Message): void => {
    if (response.form === 'response') strays.answered(response.id)
    tell(response.text)
  }

  return {
    async send(call, hangUp) {
      if (!isOpen) throw closed()
      if (hangUp.happened) throw notReached('The caller hung up')
      touch()
      if (isAsked(call)) return ask(call, hangUp)
      if (call.message.form === 'notification') notify(call.message)
      else answer(call.message)
      return emptyReply(202)
    },
    answer: (text) => answer(readMessage(text)),
    listen(hangUp) {
      if (!isOpen) throw closed()
      return strays.listen(hangUp)
    },
    get isOpen() {
      return isOpen
    },
    get idleMs() {
      const isAwaited = exchanges.size > 0 || strays.isListening
      return isAwaited ? 0 : performance.now() - lastMessage
    },
    ended,
    close() {
      failAll(unavailable('The session was ended'))
      return child.end()
    },
  }
}

/** How long a cancelled request may still be answered before its reply ends without: servers need not answer it. */
const cancelGraceMs = 5_000

function straysOf(
  { clients, patienceMs, dropped }: ConnectionParts,
  exchanges: Exchanges,
  refuse: (id: string, code: number, message: string) => void,
  unheard: () => void,
): Strays {
  switch (clients) {
    case 'one':
      return straysOfOne({
        exchanges,
        patienceMs,
        refuse,
        unheard,
        dropped: () => dropped('overflow'),
      })
    case 'many':
      return straysOfMany({ exchanges, refuse, dropped: () => dropped('unattributed') })
  }
}

function startWith(
  { start }: ConnectionParts,
  listener: ChildListener,
): { readonly child: Child; readonly ended: Promise<ChildExit> } {
  let settle: (exit: ChildExit) => void = () => undefined
  const ended = new Promise<ChildExit>((resolve) => {
    settle = resolve
  })
  const child = start({
    ...listener,
    ended(exit) {
      listener.ended(exit)
      settle(exit)
    },
  })
  return { child, ended }
}

function errorResponse(id: string, code: number, message: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message })}}`)
}

function closed(): GatewayError {
  return notReached("The server's process has ended")
}
