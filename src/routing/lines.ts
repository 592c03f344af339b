import { createLine, type HangUp, type Line } from '../domain/hang-up.js'

/** The lines of the exchanges that one request of a client became: all of them hear when it hangs up. */
export interface Lines {
  readonly happened: boolean
  /** A line for one exchange; `release` it when that has ended. */
  line(): Line
  release(line: Line): void
  hangUp(): void
  /** Resolves after so many milliseconds, or when the caller hangs up. */
  pause(ms: number): Promise<void>
}

export function createLines(caller: HangUp): Lines {
  const open = new Set<Line>()
  const wakers = new Set<() => void>()
  const own = createLine()

  const hangUp = (): void => {
    if (own.happened) return
    own.hangUp()
    for (const line of [...open]) line.hangUp()
    for (const wake of [...wakers]) wake()
  }
  caller.notify(hangUp)

  return {
    get happened() {
      return own.happened
    },
    line: () => {
      const line = createLine()
      if (own.happened) line.hangUp()
      else open.add(line)
      return line
    },
    release: (line) => void open.delete(line),
    hangUp,
    pause: (ms) =>
      new Promise((resolve) => {
        if (own.happened) {
          resolve()
          return
        }
        const wake = (): void => {
          clearTimeout(timer)
          wakers.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        timer.unref()
        wakers.add(wake)
      }),
  }
}
