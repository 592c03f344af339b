/** Has what happens in one place happen one after the other. */
export interface Turns {
  take<T>(place: string, work: () => Promise<T>): Promise<T>
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take: (place, work) => {
      const before = last.get(place) ?? Promise.resolve()
      const done = before.then(work)
      last.set(
        place,
        done.catch(() => undefined),
      )
      return done
    },
  }
}
