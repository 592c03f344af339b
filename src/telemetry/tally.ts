/** Counts values into buckets. What prom-client does with labels at each observation, this does when it is scraped. */
export interface Tally {
  observe(value: number): void
  /** Prometheus text values: how many were at most each bound, all, and their sum. */
  read(): TallyCounts
}

export interface TallyCounts {
  readonly cumulative: readonly number[]
  readonly count: number
  readonly sum: number
}

export function createTally(bounds: readonly number[]): Tally {
  const counts = new Float64Array(bounds.length + 1)
  let sum = 0
  return {
    observe: (value) => {
      let at = 0
      while (at < bounds.length && value > (bounds[at] ?? Infinity)) at += 1
      counts[at] = (counts[at] ?? 0) + 1
      sum += value
    },
    read: () => {
      const cumulative: number[] = []
      let count = 0
      for (const each of counts) {
        count += each
        cumulative.push(count)
      }
      return { cumulative: cumulative.slice(0, -1), count, sum }
    },
  }
}

/** Tallies by their labels. The path to one is a lookup by each label in turn, so that a call makes no string. */
export interface TallyFamily {
  of(first: string, second: string): Tally
  /** Every tally that was asked for. */
  all(): readonly { readonly labels: readonly [string, string]; readonly tally: Tally }[]
}

export function createTallyFamily(bounds: readonly number[]): TallyFamily {
  const byFirst = new Map<string, Map<string, Tally>>()
  return {
    of: (first, second) => {
      const bySecond = byFirst.get(first) ?? new Map<string, Tally>()
      if (bySecond.size === 0) byFirst.set(first, bySecond)
      const known = bySecond.get(second)
      if (known !== undefined) return known
      const tally = createTally(bounds)
      bySecond.set(second, tally)
      return tally
    },
    all: () =>
      [...byFirst].flatMap(([first, bySecond]) =>
        [...bySecond].map(([second, tally]) => ({ labels: [first, second] as const, tally })),
      ),
  }
}
