import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Reply } from '../domain/reply.js'
import type { Asked } from './stdio-asked.js'
import type { Child } from './stdio-child.js'
import { type Exchange, openExchange } from './stdio-exchange.js'
import { deafChild, unavailable } from './stdio-failures.js'
import { type Clients, towardsChild } from './stdio-related.js'
import type { Strays } from './stdio-strays.js'

export interface AskingParts {
  readonly clients: Clients
  readonly child: Child
  /** Gets every request until it is over. */
  readonly exchanges: Map<number, Exchange>
  readonly strays: Strays
  readonly timeoutMs: number
}

/** Asks a child, each request under the next number. */
export function createAsking(parts: AskingParts): (asked: Asked, hangUp: HangUp) => Promise<Reply> {
  const { clients, child, exchanges, strays, timeoutMs } = parts
  let lastId = 0
  let heldBytes = 0

  return (asked, hangUp) => {
    const { length } = asked.message.text
    if (heldBytes + length > mostHeldBytes) throw overloaded()
    heldBytes += length
    lastId += 1
    const id = lastId
    const exchange = openExchange(asked, {
      hangUp,
      timeoutMs,
      isClientsTurn: () => strays.isClientsTurn,
      left() {
        // A legacy client that goes away has not cancelled anything (MCP 2025-11-25, transports).
        if (asked.era === 'modern') child.write(cancellation(id))
      },
      congested() {
        if (clients === 'many') return unavailable('The client does not read its stream')
        child.hold(asked)
        return undefined
      },
      flowing: () => child.release(asked),
      over() {
        exchanges.delete(id)
        heldBytes -= length
      },
    })
    exchanges.set(id, exchange)
    if (child.write(towardsChild(exchange, id, clients))) strays.sent(exchange)
    else exchange.fail(deafChild())
    return exchange.reply
  }
}

/** Of requests that were not answered yet, also where nobody waits for the answer any more. */
const mostHeldBytes = 64 * 1024 * 1024

function overloaded(): GatewayError {
  return new GatewayError('overloaded', 'Too much is under way at the server: call again later', {
    reached: 'nobody',
  })
}

function cancellation(id: number): Buffer {
  const params = { requestId: id, reason: 'Nobody waits for the answer' }
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }))
}
