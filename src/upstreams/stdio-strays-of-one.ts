import { isSubscription } from './stdio-asked.js'
import type { Exchange } from './stdio-exchange.js'
import { createKept, type Unasked } from './stdio-kept.js'
import { createListener } from './stdio-listener.js'
import { comparable, memberPlace } from './stdio-message.js'
import type { Exchanges } from './stdio-related.js'
import { replies } from './stdio-replies.js'
import type { Strays } from './stdio-strays.js'

export interface StraysOfOneParts {
  readonly exchanges: Exchanges
  /** How long a request of the child waits for a stream, milliseconds. */
  readonly patienceMs: number
  /** Answers a request of the child. */
  readonly refuse: (id: string, code: number, message: string) => void
  readonly dropped: () => void
  /** The client does not listen any more. */
  readonly unheard: () => void
}

/**
 * A child with one client: all that it says is for that client, and the question is only which stream carries it. A
 * message of the session goes to the client that listens, any other to the only request in flight, or to the client
 * that listens, or to the latest request; where there is none it waits.
 */
export function straysOfOne(parts: StraysOfOneParts): Strays {
  const listener = createListener(parts.unheard)
  const questions = new Set<string>()
  const kept = createKept({
    patienceMs: parts.patienceMs,
    giveUp(message) {
      if (message.form === 'notification') parts.dropped()
      else parts.refuse(message.id, unreachable, 'The client has no stream open')
    },
  })

  const carrierOf = (message: Unasked): Carrier | undefined => {
    const listening = listener.isOpen ? listener : undefined
    if (isLateProgress(message)) return listening
    if (listening !== undefined && isOfTheSession(message)) return listening
    const open = [...parts.exchanges.values()].filter(canCarry)
    return open.length === 1 ? open[0] : (listening ?? open.at(-1))
  }

  const deliver = (message: Unasked, carrier: Carrier): void => {
    carrier.deliver(message.text)
    if (message.form === 'request' && questions.size < maxQuestions) {
      questions.add(comparable(message.id))
    }
  }

  return {
    take(message) {
      const withdrawn = withdrawnBy(message)
      if (withdrawn !== undefined) questions.delete(withdrawn)
      const carrier = carrierOf(message)
      if (carrier !== undefined) deliver(message, carrier)
      else if (isLateProgress(message)) parts.dropped()
      else kept.add(message)
    },
    sent(exchange) {
      if (!canCarry(exchange)) return
      for (const message of kept.takeAll()) deliver(message, exchange)
    },
    answered: (id) => void questions.delete(comparable(id)),
    listen(hangUp) {
      if (listener.isOpen) return replies.alreadyListening()
      const reply = listener.open(hangUp)
      for (const message of kept.takeAll()) deliver(message, listener)
      return reply
    },
    get isListening() {
      return listener.isOpen
    },
    get isClientsTurn() {
      return questions.size > 0
    },
    close() {
      listener.close()
      kept.takeAll()
    },
  }
}

interface Carrier {
  deliver(text: Buffer): void
}

/** Outside of what JSON-RPC and MCP reserve. */
const unreachable = 503

/** More unanswered requests than this are not told apart. */
const maxQuestions = 1_000

function canCarry(exchange: Exchange): boolean {
  return exchange.isOpen && !isSubscription(exchange.asked)
}

/** Of a request that is answered, as its token names none in flight: the progress of a task, or of no use. */
function isLateProgress({ method }: Unasked): boolean {
  return method === 'notifications/progress'
}

/** What Streamable HTTP servers send on the stream of a listening client, whatever else is in flight. */
function isOfTheSession({ form, method }: Unasked): boolean {
  return form === 'notification' && ofTheSession.test(method)
}

const ofTheSession =
  /^notifications\/(?:(?:tools|prompts|resources)\/list_changed|resources\/updated)$/

function withdrawnBy(message: Unasked): string | undefined {
  if (message.method !== 'notifications/cancelled') return undefined
  const place = memberPlace(message, 'requestId')
  return place === undefined ? undefined : comparable(place.literal)
}
