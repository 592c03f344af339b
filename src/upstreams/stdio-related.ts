import type { NotificationMessage, ResponseMessage } from '../domain/message.js'
import { subscriptionIdKey } from '../wire/eras.js'
import { isSubscription } from './stdio-asked.js'
import type { Exchange } from './stdio-exchange.js'
import { comparable, idPlace, memberPlace, metaPlace, respell } from './stdio-message.js'

/** The requests at a child that were not answered yet, oldest first, by their ids there. */
export type Exchanges = ReadonlyMap<number, Exchange>

/** Whether a child works for one client, or for many that must not learn of each other. */
export type Clients = 'one' | 'many'

/** The request as the child reads it: under its id there, and for many clients with a progress token of that name. */
export function towardsChild({ asked }: Exchange, id: number, clients: Clients): Buffer {
  const { message } = asked
  const token = clients === 'many' ? metaPlace(message, 'progressToken') : undefined
  return respell(message.text, [
    [idPlace(message), String(id)],
    [token, String(id)],
  ])
}

/** The response as the caller reads it: under the caller's own id. */
export function towardsCaller(response: ResponseMessage, { asked }: Exchange): Buffer {
  const { id } = asked.message
  const subscription = isSubscription(asked) ? metaPlace(response, subscriptionIdKey) : undefined
  return respell(response.text, [
    [idPlace(response), id],
    [subscription, id],
  ])
}

/** A notification that names the request it belongs to. */
export type Related =
  | {
      readonly type: 'named'
      readonly exchange: Exchange
      /** As the caller reads it. */
      readonly text: Buffer
      /** Whether it ends the request, which then gets no response. */
      readonly isLast: boolean
    }
  /** It names one that is not there any more. */
  | { readonly type: 'gone' }
  | { readonly type: 'unnamed' }

export function relate(
  message: NotificationMessage,
  exchanges: Exchanges,
  clients: Clients,
): Related {
  switch (message.method) {
    case 'notifications/progress':
      return relateProgress(message, exchanges, clients)
    case 'notifications/cancelled':
      return relateCancelled(message, exchanges)
    default:
      return relateSubscribed(message, exchanges)
  }
}

function relateProgress(
  message: NotificationMessage,
  exchanges: Exchanges,
  clients: Clients,
): Related {
  const place = memberPlace(message, 'progressToken')
  if (place === undefined) return { type: 'unnamed' }
  const { text } = message
  if (clients === 'one') {
    const token = comparable(place.literal)
    const exchange = latest(exchanges, (each) => tokenOf(each) === token)?.[1]
    // Of a task, progress may come after the response: the client knows the token, this does not.
    if (exchange === undefined) return { type: 'unnamed' }
    return { type: 'named', exchange, text, isLast: false }
  }
  const exchange = exchanges.get(Number(place.literal))
  const token = exchange && metaPlace(exchange.asked.message, 'progressToken')
  if (exchange === undefined || token === undefined) return { type: 'gone' }
  return { type: 'named', exchange, text: respell(text, [[place, token.literal]]), isLast: false }
}

function tokenOf({ asked }: Exchange): string | undefined {
  const place = metaPlace(asked.message, 'progressToken')
  return place === undefined ? undefined : comparable(place.literal)
}

/** A server may end a subscription so; any other cancellation is about a request of its own. */
function relateCancelled(message: NotificationMessage, exchanges: Exchanges): Related {
  const place = memberPlace(message, 'requestId')
  const exchange = place && exchanges.get(Number(place.literal))
  if (exchange === undefined || !isSubscription(exchange.asked)) return { type: 'unnamed' }
  const text = respell(message.text, [[place, exchange.asked.message.id]])
  return { type: 'named', exchange, text, isLast: true }
}

function relateSubscribed(message: NotificationMessage, exchanges: Exchanges): Related {
  const place = metaPlace(message, subscriptionIdKey)
  if (place === undefined) return { type: 'unnamed' }
  const exchange = exchanges.get(Number(place.literal))
  if (exchange === undefined || !isSubscription(exchange.asked)) return { type: 'gone' }
  const text = respell(message.text, [[place, exchange.asked.message.id]])
  return { type: 'named', exchange, text, isLast: false }
}

/** What a client's cancellation names, and the cancellation as the child reads it; undefined where that is over. */
export function cancelledBy(
  message: NotificationMessage,
  exchanges: Exchanges,
): { readonly exchange: Exchange; readonly text: Buffer } | undefined {
  const place = memberPlace(message, 'requestId')
  if (place === undefined) return undefined
  const named = comparable(place.literal)
  const found = latest(
    exchanges,
    ({ isOpen, asked }) => isOpen && comparable(asked.message.id) === named,
  )
  if (found === undefined) return undefined
  const [id, exchange] = found
  return { exchange, text: respell(message.text, [[place, String(id)]]) }
}

function latest(
  exchanges: Exchanges,
  isMeant: (exchange: Exchange) => boolean,
): readonly [number, Exchange] | undefined {
  let found: readonly [number, Exchange] | undefined
  for (const entry of exchanges) if (isMeant(entry[1])) found = entry
  return found
}
