import { hash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Call, Headers } from '../domain/call.js'
import { createLine } from '../domain/hang-up.js'
import type { Message } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import type { Session } from '../domain/session.js'
import { offeredRevision } from '../wire/eras.js'
import type { BridgeParts } from './bridge-parts.js'
import { createCancellation, type Cancellation } from './cancellation.js'
import { derivedCall, headersFor, withoutText } from './derived-call.js'
import { carriesMessage, drain, framesOf } from './frames.js'
import type { Exchange } from './exchange.js'
import { notificationText, outcomeText, readUpstreamMessage, requestText } from './messages.js'
import { responseIn } from './modern-requests.js'
import { stringOf, textAt } from './object-text.js'

/** A session at a legacy server, held in the name of one modern client. */
export interface ServerSession {
  readonly session: Session | undefined
  /** The result of `initialize`. */
  readonly opening: string
  /** Calls that are under way in it, by comparable id. */
  readonly exchanges: Map<string, Exchange>
  logLevel: string | undefined
  /** How often each resource is watched. */
  readonly watched: Map<string, number>
  /** A message of the client's as this server is to get it. */
  call(origin: Call, text: Buffer): Call
  /** A notification, or an answer to a request of the server's own; what becomes of it is not waited for. */
  tell(text: Buffer): void
  /** Called when the session is gone. */
  readonly whenGone: Cancellation['on']
  /** The server has lost it. */
  lose(): void
  /** Says good-bye; resolves when that is done or has failed. */
  end(): Promise<void>
}

export interface SessionTerms {
  readonly origin: Call
  /** JSON texts. */
  readonly capabilities: string
  readonly clientInfo: string
  /** What comes on the server's own stream. */
  readonly heard: (message: Message) => void
  /** The server does not know the session any more. */
  readonly lost: () => void
}

/** The server does not begin a session. */
export class NoSessionError extends Error {
  override readonly name = 'NoSessionError'
  /** The error object that it gave, as JSON. */
  readonly error: string

  constructor(error: string) {
    super('The server refused to initialize')
    this.error = error
  }
}

/**
 * Begins a session and opens the server's own stream at once: what it asks before that is lost.
 * @throws NoSessionError, GatewayError
 */
export async function openServerSession(
  terms: SessionTerms,
  parts: BridgeParts,
): Promise<ServerSession> {
  const { upstream, limits, newId } = parts
  const origin = withoutText(terms.origin)
  const asked = derivedCall(origin, initializeText(terms, newId()), {
    era: 'legacy',
    protocol: '',
    session: undefined,
  })
  const reply = await upstream.send(asked, createLine())
  const answer = await responseIn(reply, limits.maxMessageBytes)
  const opening = outcomeText(answer)
  if (answer.outcome.type === 'error') throw new NoSessionError(opening)
  const session = sessionIn(reply)
  const protocol = stringOf(textAt(opening, 'protocolVersion')) ?? offeredRevision
  const speaking = { era: 'legacy', protocol, session } as const
  const headers = headersFor(origin.headers, undefined, speaking)
  const whole = createCancellation()

  const tell = (text: Buffer): void => {
    const sent = upstream.send(derivedCall(origin, text, speaking), createLine())
    sent.then(({ body }) => drain(body)).catch(() => undefined)
  }

  const initialized = notificationText('notifications/initialized', undefined)
  const greeted = await upstream.send(derivedCall(origin, initialized, speaking), createLine())
  drain(greeted.body)
  const stream = follow({ headers, session, whole, heard: terms.heard, lost: terms.lost }, parts)
  await Promise.race([stream, pause(limits.streamMs, undefined, { ref: false })])

  return {
    session,
    opening,
    exchanges: new Map(),
    logLevel: undefined,
    watched: new Map(),
    call: (from, text) => derivedCall(from, text, speaking),
    tell,
    whenGone: (listener) => whole.on(listener),
    lose: () => whole.cancel(),
    end: async () => {
      whole.cancel()
      if (session === undefined) return
      const ended = upstream.end({ session, headers }, createLine())
      await ended.then(({ body }) => drain(body)).catch(() => undefined)
    },
  }
}

function initializeText({ capabilities, clientInfo }: SessionTerms, id: string): Buffer {
  const protocol = JSON.stringify(offeredRevision)
  const params = `{"protocolVersion":${protocol},"capabilities":${capabilities},"clientInfo":${clientInfo}}`
  return requestText(JSON.stringify(`bridged-${id}`), 'initialize', params)
}

/** The session that a reply to `initialize` names. */
export function sessionIn({ headers }: Reply): Session | undefined {
  const upstreamId = headers.find(([name]) => name === 'mcp-session-id')?.[1]
  if (upstreamId === undefined) return undefined
  return { id: hash('sha256', upstreamId).slice(0, 32), upstreamId }
}

interface Following {
  readonly headers: Headers
  readonly session: Session | undefined
  readonly whole: Cancellation
  readonly heard: SessionTerms['heard']
  readonly lost: SessionTerms['lost']
}

const firstRetryMs = 250
const longestRetryMs = 30_000

/** Reads the server's own stream for as long as the session lasts. Resolves when it is open, or when there is none. */
function follow(
  { headers, session, whole, heard, lost }: Following,
  parts: BridgeParts,
): Promise<void> {
  let lastEventId: string | undefined

  const open = async (): Promise<Reply> => {
    const resuming =
      lastEventId === undefined ? headers : { ...headers, 'last-event-id': lastEventId }
    return parts.upstream.listen({ session, headers: resuming }, whole.line())
  }
  const read = async (reply: Reply): Promise<void> => {
    const frames = framesOf(reply, parts.limits.maxMessageBytes)
    for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
      lastEventId = frame.id ?? lastEventId
      if (carriesMessage(frame)) heard(readUpstreamMessage(frame.data))
    }
  }
  const goOn = async (opened: () => void): Promise<void> => {
    for (
      let waitMs = firstRetryMs;
      !whole.happened;
      waitMs = Math.min(2 * waitMs, longestRetryMs)
    ) {
      const reply = await open().catch(() => undefined)
      opened()
      if (reply?.form === 'events') {
        waitMs = firstRetryMs
        await read(reply).catch(() => undefined)
      } else if (reply !== undefined) {
        reply.body.cancel()
        if (reply.status === 404) lost()
        // Any other answer: the server has no such stream.
        if (reply.status < 500) return
      }
      await pause(waitMs, undefined, { ref: false })
    }
  }
  return new Promise((resolve) => void goOn(resolve))
}
