import type { Missed, Observed, Trial } from '../domain/candidate.js'
import type { Policy } from '../domain/ports.js'

export interface TrialParts {
  readonly hooks: () => Policy['hooks']
  readonly memory: Memory
  /** What is handed over has taken its memory. */
  readonly schedule: (observed: Observed) => void
  readonly missed: (why: Missed) => void
}

/** Holds what was seen of a call back until the call was answered. */
export function createTrial({ hooks, memory, schedule, missed }: TrialParts): Trial {
  let waiting: Observed[] | undefined = []
  return {
    get hooks() {
      return hooks()
    },
    saw: (observed) => {
      const isTooMuch = waiting !== undefined && waiting.length >= mostWaiting
      if (observed.bytes > longest) missed('too_large')
      else if (isTooMuch || !memory.hold(observed.bytes)) missed('busy')
      else if (waiting === undefined) schedule(observed)
      else waiting.push(observed)
    },
    answered: () => {
      for (const observed of waiting ?? []) schedule(observed)
      waiting = undefined
    },
    missed,
    hold: (bytes) => memory.hold(bytes),
    letGo: (bytes) => memory.letGo(bytes),
  }
}

/** A server may send any number of messages before it answers. */
const mostWaiting = 16

/** Reading a longer one, bytes, would hold up calls for longer than an evaluation does. */
const longest = 4 * 1024 * 1024

/** Bytes that may be held at once. */
export interface Memory {
  hold(bytes: number): boolean
  letGo(bytes: number): void
}

export function createMemory(most: number): Memory {
  let held = 0
  return {
    hold: (bytes) => {
      if (held + bytes > most) return false
      held += bytes
      return true
    },
    letGo: (bytes) => {
      held -= bytes
    },
  }
}
