import type { HangUp } from '../domain/hang-up.js'
import type { Reply } from '../domain/reply.js'
import type { Unasked } from './stdio-kept.js'
import type { Exchange } from './stdio-exchange.js'

/** What becomes of a child's messages that name no request of a client. */
export interface Strays {
  take(message: Unasked): void
  /** A request has been sent: its stream can carry what waits for one. */
  sent(exchange: Exchange): void
  /** A client has answered a request of the child. */
  answered(id: string): void
  /** Opens the stream of messages that belong to no request. */
  readonly listen: (hangUp: HangUp) => Reply
  readonly isListening: boolean
  /** Whether the child waits for an answer of the client. */
  readonly isClientsTurn: boolean
  close(): void
}
