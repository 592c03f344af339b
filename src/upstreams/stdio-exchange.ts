import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import { eventsReply, jsonReply } from '../domain/local-reply.js'
import type { Reply } from '../domain/reply.js'
import { type Asked, isSubscription } from './stdio-asked.js'
import { createEventFeed, type EventFeed } from './stdio-event-feed.js'
import { unavailable } from './stdio-failures.js'

/** One request at a child: what comes for it becomes a JSON reply, or an event stream once a message comes before. */
export interface Exchange {
  readonly asked: Asked
  /** @throws GatewayError `upstream_unavailable`, `upstream_timeout`, `upstream_invalid` */
  readonly reply: Promise<Reply>
  /** Whether its caller still waits, and has not asked to cancel it. */
  readonly isOpen: boolean
  /** A message that comes before the response. */
  deliver(text: Buffer): void
  /** The response, which ends it. */
  answer(text: Buffer, status: number): void
  /** Ends it without a response once `ms` have passed: nobody needs one any more. */
  conclude(ms: number): void
  fail(error: GatewayError): void
}

export interface ExchangeParts {
  readonly hangUp: HangUp
  /** Longest silence of the child about this request, milliseconds; a subscription may be silent once it is open. */
  readonly timeoutMs: number
  /** Whether it is the client whose turn it is: the child's silence is then no fault. */
  isClientsTurn(): boolean
  /** The caller does not wait any more; the child has not been told, and may still answer. */
  left(): void
  /** More is unread than may wait. Either the child is held until `flowing`, or it returns an error that ends this. */
  congested(): GatewayError | undefined
  flowing(): void
  /** Nothing is awaited from the child any more. */
  over(): void
}

type State =
  | { readonly at: 'waiting'; resolve(reply: Reply): void; reject(error: GatewayError): void }
  | { readonly at: 'streaming'; readonly feed: EventFeed }
  | { readonly at: 'left' }
  | { readonly at: 'over' }

export function openExchange(asked: Asked, parts: ExchangeParts): Exchange {
  const { hangUp, timeoutMs } = parts
  let state: State = { at: 'over' }
  let isCancelled = false
  let timer: NodeJS.Timeout | undefined

  const arm = (ms: number, then: () => void): void => {
    clearTimeout(timer)
    timer = setTimeout(then, ms)
  }

  const awaitMore = (): void => {
    if (isCancelled) return
    if (state.at === 'streaming' && isSubscription(asked)) clearTimeout(timer)
    else arm(timeoutMs, whenSilent)
  }

  const whenSilent = (): void => {
    if (parts.isClientsTurn()) awaitMore()
    else leave(new GatewayError('upstream_timeout', 'The server was silent for too long'))
  }

  const streaming = (): EventFeed | undefined => {
    if (state.at === 'streaming') return state.feed
    if (state.at !== 'waiting') return undefined
    const feed = createEventFeed({
      caughtUp: () => parts.flowing(),
      left: () => leave(unavailable('The rest of the reply is not wanted')),
    })
    state.resolve(eventsReply(feed.body))
    state = { at: 'streaming', feed }
    return feed
  }

  const finish = (): void => {
    clearTimeout(timer)
    hangUp.notify(undefined)
    state = { at: 'over' }
    parts.flowing()
    parts.over()
  }

  const tellFailure = (error: GatewayError): void => {
    if (state.at === 'waiting') state.reject(error)
    else if (state.at === 'streaming') state.feed.fail(error)
  }

  function leave(error: GatewayError): void {
    if (state.at !== 'waiting' && state.at !== 'streaming') return
    tellFailure(error)
    hangUp.notify(undefined)
    state = { at: 'left' }
    // Its response may come, or not: a server need not answer what was cancelled.
    arm(timeoutMs, finish)
    parts.flowing()
    parts.left()
  }

  const reply = new Promise<Reply>((resolve, reject) => {
    state = { at: 'waiting', resolve, reject }
  })
  awaitMore()
  hangUp.notify(() => leave(unavailable('The caller hung up')))

  return {
    asked,
    reply,
    get isOpen() {
      return !isCancelled && (state.at === 'waiting' || state.at === 'streaming')
    },
    deliver(text) {
      const feed = streaming()
      if (feed === undefined) return
      awaitMore()
      if (feed.push(text)) return
      const error = parts.congested()
      if (error !== undefined) leave(error)
    },
    answer(text, status) {
      if (state.at === 'waiting') state.resolve(jsonReply(text, status))
      if (state.at === 'streaming') {
        state.feed.push(text)
        state.feed.end()
      }
      if (state.at !== 'over') finish()
    },
    conclude(ms) {
      isCancelled = true
      arm(ms, () => {
        streaming()?.end()
        if (state.at !== 'over') finish()
      })
    },
    fail(error) {
      // Nobody waits for what was cancelled, not even for an error.
      if (isCancelled) streaming()?.end()
      else tellFailure(error)
      if (state.at !== 'over') finish()
    },
  }
}
