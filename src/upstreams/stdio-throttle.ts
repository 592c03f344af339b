/** Slows a child down whose messages go nowhere: of those it may send so many a second, and is then not read for the rest of it. */
export interface Throttle {
  /** One more that went nowhere. */
  add(): void
  close(): void
}

export interface ThrottleParts {
  /** Stops reading the child until `release`. */
  readonly hold: () => void
  readonly release: () => void
}

const windowMs = 1_000
const messagesAWindow = 1_000

export function createThrottle({ hold, release }: ThrottleParts): Throttle {
  let messages = 0
  let timer: NodeJS.Timeout | undefined
  const endWindow = (): void => {
    timer = undefined
    messages = 0
    release()
  }
  return {
    add() {
      timer ??= setTimeout(endWindow, windowMs).unref()
      messages += 1
      if (messages === messagesAWindow) hold()
    },
    close: () => clearTimeout(timer),
  }
}
