import type { Downloaded } from './http-download.js'

/** A request that the server holds until there is a new bundle (OPA's long polling), one at a time. */
export interface Hold {
  /** How many answers in a row came at once though they should have been held. */
  readonly quick: number
  /** Something is under way, or waits to be taken. */
  readonly isBusy: boolean
  begin(): void
  /** What the server has said, if it has; what is under way is given up, for it could bring what is no longer the newest. */
  take(): Promise<Downloaded> | undefined
}

/** @param onAnswer the answer, or the failure, waits to be taken */
export function createHold(
  ask: (signal: AbortSignal) => Promise<Downloaded>,
  onAnswer: () => void,
): Hold {
  let underWay: AbortController | undefined
  let answered: Promise<Downloaded> | undefined
  let quick = 0

  return {
    get quick() {
      return quick
    },
    get isBusy() {
      return underWay !== undefined || answered !== undefined
    },
    begin() {
      const started = performance.now()
      const mine = new AbortController()
      const answer = ask(mine.signal)
      const settle = (): void => {
        if (underWay !== mine) return
        underWay = undefined
        answered = answer
        quick = performance.now() - started < heldMs ? quick + 1 : 0
        onAnswer()
      }
      underWay = mine
      answer.then(settle, settle)
    },
    take() {
      const taken = answered
      answered = undefined
      underWay?.abort()
      underWay = undefined
      return taken
    },
  }
}

/** An answer that came sooner was not held. */
const heldMs = 1_000
