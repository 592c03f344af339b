import { envelopeKeys } from '../wire/eras.js'
import { isSubscription, type Asked } from './stdio-asked.js'
import type { Exchange } from './stdio-exchange.js'
import type { Unasked } from './stdio-kept.js'
import { metaPlace } from './stdio-message.js'
import type { Exchanges } from './stdio-related.js'
import { replies } from './stdio-replies.js'
import type { Strays } from './stdio-strays.js'

export interface StraysOfManyParts {
  readonly exchanges: Exchanges
  /** Answers a request of the child. */
  readonly refuse: (id: string, code: number, message: string) => void
  readonly dropped: () => void
}

/**
 * A child with many clients: what does not say whose it is reaches somebody only where nobody else can be meant. Requests
 * that nobody waits for any more count, as the child may still speak of them; and once two principals have used it,
 * nobody can tell of whom it speaks.
 */
export function straysOfMany({ exchanges, refuse, dropped }: StraysOfManyParts): Strays {
  let onlyUser: string | undefined
  let isShared = false
  return {
    take(message) {
      if (message.form === 'request') {
        refuse(message.id, methodNotFound, 'Method not found')
        return
      }
      const carrier = isShared ? undefined : onlyOneMeant(message, [...exchanges.values()])
      if (carrier?.isOpen === true) carrier.deliver(message.text)
      else dropped()
    },
    sent({ asked }) {
      if (isSubscription(asked)) return
      onlyUser ??= asked.principal.id
      isShared ||= onlyUser !== asked.principal.id
    },
    answered: () => undefined,
    listen: replies.methodNotAllowed,
    isListening: false,
    isClientsTurn: false,
    close: () => undefined,
  }
}

/** In the modern era a server asks its clients nothing but in results. */
const methodNotFound = -32601

function onlyOneMeant(message: Unasked, outstanding: readonly Exchange[]): Exchange | undefined {
  const [first, ...others] =
    // Log messages never belong to a subscription, nor to a request that did not ask for any.
    message.method === 'notifications/message'
      ? outstanding.filter(({ asked }) => !isSubscription(asked) && wantsLog(asked))
      : outstanding
  const isAlone = first !== undefined && others.length === 0
  // What belongs to a subscription names it.
  return isAlone && !isSubscription(first.asked) ? first : undefined
}

function wantsLog({ message }: Asked): boolean {
  return metaPlace(message, envelopeKeys.logLevel) !== undefined
}
