import type { Member } from './members.js'

/** Whose turn it is to be loaded. */
export interface Loads<Outcome> {
  /** Loads everything. Asked for during a load, it resolves with one that began afterwards. */
  everything(): Promise<Outcome>
  /** Loads one member, unless a load of everything comes first. */
  one(member: Member): void
  /** Forgets what has not begun; resolves when nothing runs any more. */
  end(): Promise<void>
}

/** Runs one load at a time. Whatever is asked for several times before its turn comes is done once. */
export function createLoads<Outcome>(
  members: readonly Member[],
  load: (asked: readonly Member[]) => Promise<Outcome>,
): Loads<Outcome> {
  let running: Promise<Outcome> | undefined
  let next: Promise<Outcome> | undefined
  const waiting = new Set<Member>()
  let ended = false

  function begin(asked: readonly Member[]): Promise<Outcome> {
    // `load` begins once `running` says so: what it asks for itself waits like anything else.
    const run = Promise.resolve(asked)
      .then(load)
      .finally(() => {
        running = undefined
        if (next === undefined) beginWaiting()
      })
    running = run
    return run
  }

  function beginWaiting(): void {
    for (const member of waiting) {
      waiting.delete(member)
      void begin([member])
      return
    }
  }

  function everything(): Promise<Outcome> {
    if (running !== undefined) return (next ??= running.then(beginNext, beginNext))
    waiting.clear()
    return begin(members)
  }

  function beginNext(): Promise<Outcome> {
    next = undefined
    return everything()
  }

  return {
    everything,
    one(member) {
      if (ended) return
      if (running === undefined) void begin([member])
      else waiting.add(member)
    },
    async end() {
      ended = true
      waiting.clear()
      while (running !== undefined) await Promise.allSettled([running, next])
    },
  }
}
