import { randomBytes } from 'node:crypto'
import type { BridgeLimits } from './bridge-parts.js'
import type { Exchange } from './exchange.js'
import type { Lease } from './pool.js'

/** A call that a legacy server has begun and that waits for its client to come back with answers. */
export interface ParkedCall {
  readonly exchange: Exchange
  readonly lease: Lease
  /** What the server asked, by the key under which the client was asked. */
  readonly questions: Map<string, Question>
  /** How many questions there have been. */
  asked: number
}

export interface Question {
  /** The entry of `inputRequests`. */
  readonly asked: string
  /** As the server spelled it. */
  readonly id: string
  readonly method: string
}

/** Kept in this process only: another replica does not know the state, and says so. */
export interface ParkedCalls {
  readonly isFull: boolean
  /** Gives the `requestState` under which it can be taken up again. @param binding who may, and with which call */
  park(call: ParkedCall, binding: string): string
  take(state: string, binding: string): ParkedCall | undefined
  close(): void
}

export function createParkedCalls({ parked: limit, parkedMs }: BridgeLimits): ParkedCalls {
  const parked = new Map<string, Entry>()

  const remove = (state: string): Entry | undefined => {
    const entry = parked.get(state)
    clearTimeout(entry?.timer)
    parked.delete(state)
    return entry
  }
  const giveUp = (state: string): void => {
    const call = remove(state)?.call
    call?.exchange.cancel()
    call?.lease.release()
  }

  return {
    get isFull() {
      return parked.size >= limit
    },
    park: (call, binding) => {
      const state = randomBytes(32).toString('base64url')
      const timer = setTimeout(() => giveUp(state), parkedMs)
      timer.unref()
      parked.set(state, { call, binding, timer })
      return state
    },
    // Somebody else's state stays where it is: trying it must not end the call.
    take: (state, binding) =>
      parked.get(state)?.binding === binding ? remove(state)?.call : undefined,
    close: () => {
      for (const state of [...parked.keys()]) giveUp(state)
    },
  }
}

interface Entry {
  readonly call: ParkedCall
  readonly binding: string
  readonly timer: NodeJS.Timeout
}
