import type { Upstream } from '../domain/ports.js'

/** Lets messages leave for the server in the order in which they came, however long each was judged. */
export interface Turnstile {
  /** This call came next. */
  enter(callId: string): void
  /** It went on, or never will. */
  leave(callId: string): void
  /** The upstream, to which each call goes once everything before it has left. */
  before(upstream: Upstream): Upstream
}

/** A pipe has one order, and peers rely on it: a cancellation behind its request, a request behind `initialized`. */
export function createTurnstile(): Turnstile {
  const places = new Map<string, Place>()
  let all = Promise.resolve()

  const leave = (callId: string): void => {
    places.get(callId)?.leave()
    places.delete(callId)
  }

  return {
    enter: (callId) => {
      const ahead = all
      all = new Promise((resolve) => {
        places.set(callId, { ahead, leave: () => resolve(ahead) })
      })
    },
    leave,
    before: (upstream) => ({
      ...upstream,
      send: async (call, hangUp) => {
        await places.get(call.id)?.ahead
        const reply = upstream.send(call, hangUp)
        leave(call.id)
        return reply
      },
    }),
  }
}

interface Place {
  /** Resolves when everything ahead has left. */
  readonly ahead: Promise<void>
  readonly leave: () => void
}
