/** Work that nobody waits for: done one piece a turn of the event loop, in a small share of the time. */
export interface Slices {
  /** False where too much is waiting already. */
  add(work: () => void): boolean
  /** What is still waiting is not done any more. */
  close(): void
}

export function createSlices(
  limits: SliceLimits = usual,
  { now, soon, after }: SliceClock = system,
): Slices {
  const { share, burstMs, most } = limits
  const waiting: (() => void)[] = []
  let creditMs = burstMs
  let lastEnd = now()
  let cancel: (() => void) | undefined

  function run(): void {
    cancel = undefined
    const work = waiting.shift()
    if (work === undefined) return
    const begun = now()
    work()
    const end = now()
    creditMs = Math.min(burstMs, creditMs + (begun - lastEnd) * share) - (end - begun)
    lastEnd = end
    if (waiting.length > 0) cancel = creditMs > 0 ? soon(run) : after(-creditMs / share, run)
  }

  return {
    add: (work) => {
      if (waiting.length >= most) return false
      waiting.push(work)
      // By then the answer that it follows is on its way.
      cancel ??= after(idleMs, run)
      return true
    },
    close: () => {
      cancel?.()
      waiting.length = 0
      cancel = () => undefined
    },
  }
}

export interface SliceLimits {
  /** Of one core. */
  readonly share: number
  /** What may be used at once after a pause, milliseconds. */
  readonly burstMs: number
  readonly most: number
}

const usual: SliceLimits = { share: 0.1, burstMs: 25, most: 2000 }
const idleMs = 2

/** When it is, milliseconds, and when to go on: each gives what calls it off. */
export interface SliceClock {
  readonly now: () => number
  /** On the next turn of the event loop. */
  readonly soon: (run: () => void) => () => void
  readonly after: (ms: number, run: () => void) => () => void
}

const system: SliceClock = {
  now: () => performance.now(),
  soon: (run) => {
    const immediate = setImmediate(run).unref()
    return () => clearImmediate(immediate)
  },
  after: (ms, run) => {
    const timer = setTimeout(run, Math.ceil(ms)).unref()
    return () => clearTimeout(timer)
  },
}
