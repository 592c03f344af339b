import type { Message } from '../domain/message.js'
import { statusOf } from './stdio-asked.js'
import type { DroppedMessage } from './stdio-events.js'
import { invalid } from './stdio-failures.js'
import { type Heard, readLine } from './stdio-line.js'
import { type Clients, type Exchanges, relate, towardsCaller } from './stdio-related.js'
import type { Strays } from './stdio-strays.js'

export interface HearingParts {
  readonly clients: Clients
  readonly exchanges: Exchanges
  readonly strays: Strays
  /** Answers a request of the child with an error. */
  readonly refuse: (id: string, code: number, message: string) => void
  readonly dropped: (why: DroppedMessage) => void
}

/**
 * Gives every message of a child to whom it is for.
 * @returns whether the line was meant as a message
 */
export function hear(line: Buffer, parts: HearingParts): boolean {
  const heard = readLine(line)
  switch (heard.type) {
    case 'noise':
      return false
    case 'ambiguous':
      hearAmbiguous(heard, parts)
      return true
    case 'message':
      hearMessage(heard.message, parts)
      return true
  }
}

function hearMessage(message: Message, parts: HearingParts): void {
  const { clients, exchanges, strays, dropped } = parts
  if (message.form === 'response') {
    const exchange = exchanges.get(Number(message.id))
    if (exchange === undefined) dropped('unknown_id')
    else exchange.answer(towardsCaller(message, exchange), statusOf(message, exchange.asked))
    return
  }
  if (message.form === 'request') {
    strays.take(message)
    return
  }
  const related = relate(message, exchanges, clients)
  switch (related.type) {
    case 'unnamed':
      strays.take(message)
      return
    case 'gone':
      dropped('unknown_id')
      return
    case 'named':
      related.exchange.deliver(related.text)
      if (related.isLast) related.exchange.conclude(0)
  }
}

/** Whoever waits is told, whichever side that is. */
function hearAmbiguous(
  { answers, asks }: Extract<Heard, { type: 'ambiguous' }>,
  { exchanges, refuse, dropped }: HearingParts,
): void {
  dropped('ambiguous')
  const exchange = typeof answers === 'number' ? exchanges.get(answers) : undefined
  exchange?.fail(invalid('The answer of the server can be read in two ways'))
  if (typeof asks === 'string' || typeof asks === 'number') {
    refuse(JSON.stringify(asks), invalidRequest, 'The request can be read in two ways')
  }
}

/** JSON-RPC 2.0, section 5.1. */
const invalidRequest = -32600
