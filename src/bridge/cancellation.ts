import type { HangUp } from '../domain/hang-up.js'

/** The end of a call before its answer, of which several exchanges have to hear. */
export interface Cancellation {
  readonly happened: boolean
  cancel(): void
  /** Calls the listener when it happens, at once if it has; gives what takes the listener off again. */
  on(listener: () => void): () => void
  /** A line of its own for one exchange with an upstream. */
  line(): HangUp
}

export function createCancellation(): Cancellation {
  const listeners = new Set<() => void>()
  let happened = false
  const on = (listener: () => void): (() => void) => {
    if (happened) listener()
    else listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    get happened() {
      return happened
    },
    cancel: () => {
      if (happened) return
      happened = true
      for (const listener of listeners) listener()
      listeners.clear()
    },
    on,
    line: () => {
      let off = (): void => undefined
      return {
        get happened() {
          return happened
        },
        notify: (listener) => {
          off()
          off = listener === undefined ? () => undefined : on(listener)
        },
      }
    },
  }
}
