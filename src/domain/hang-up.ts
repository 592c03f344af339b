/** Whether the caller still waits for its answer. Lighter than an AbortSignal, of which a call would need one each. */
export interface HangUp {
  readonly happened: boolean
  /** Whom to tell, at once if it has happened already; undefined for nobody any more. */
  notify(listener: (() => void) | undefined): void
}

/** A hang-up and the end of the line that makes it happen. */
export interface Line extends HangUp {
  hangUp(): void
}

export function createLine(): Line {
  let happened = false
  let listener: (() => void) | undefined
  return {
    get happened() {
      return happened
    },
    notify: (next) => {
      listener = next
      if (happened) next?.()
    },
    hangUp: () => {
      if (happened) return
      happened = true
      listener?.()
    },
  }
}
