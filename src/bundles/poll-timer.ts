/** One timer that is set anew all the time; it never keeps the process alive, and does nothing until somebody watches. */
export interface PollTimer {
  watch(onChange: () => void): void
  /** Replaces what was planned. */
  arm(delayMs: number): void
  disarm(): void
  tell(): void
  close(): void
}

export function createPollTimer(onTime: () => void): PollTimer {
  let onChange: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  return {
    watch(listener) {
      onChange = listener
    },
    arm(delayMs) {
      clearTimeout(timer)
      timer =
        onChange === undefined
          ? undefined
          : setTimeout(onTime, Math.min(delayMs, longestMs)).unref()
    },
    disarm() {
      clearTimeout(timer)
    },
    tell() {
      onChange?.()
    },
    close() {
      clearTimeout(timer)
      onChange = undefined
    },
  }
}

// A longer one would fire at once.
const longestMs = 2 ** 31 - 1
