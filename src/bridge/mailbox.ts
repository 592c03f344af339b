/** Things in the order in which they came, taken one by one by one reader. */
export interface Mailbox<Thing> {
  readonly size: number
  put(thing: Thing): void
  take(): Promise<Thing>
  /** Resolves when everything that was put in has been taken. */
  emptied(): Promise<void>
}

export function createMailbox<Thing>(): Mailbox<Thing> {
  const things: Thing[] = []
  let reader: ((thing: Thing) => void) | undefined
  let waiting: (() => void)[] = []
  return {
    get size() {
      return things.length
    },
    put: (thing) => {
      const taker = reader
      reader = undefined
      if (taker === undefined) things.push(thing)
      else taker(thing)
    },
    take: () => {
      const thing = things.shift()
      if (things.length === 0) {
        for (const resume of waiting) resume()
        waiting = []
      }
      if (thing !== undefined) return Promise.resolve(thing)
      return new Promise((resolve) => {
        reader = resolve
      })
    },
    emptied: () =>
      things.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
  }
}
