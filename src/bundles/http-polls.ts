import type { Downloaded } from './http-download.js'
import { createHold } from './http-hold.js'
import { backOffMs, pollDelayMs, type PollTerms } from './poll-delay.js'
import { createPollTimer } from './poll-timer.js'

/** When a bundle server is asked again. After each of `offered`, `agreed` and `failed` the next poll is planned anew. */
export interface Polls {
  watch(onChange: () => void): void
  /** What a held request has brought, if one has. Until the fetch is over nothing else is asked for. */
  take(): Promise<Downloaded> | undefined
  /** An archive has come. One that is refused is asked for again after the usual time. */
  offered(serverHolds: boolean): void
  /** What the server has and the bundle in force are the same. */
  agreed(serverHolds?: boolean): void
  /** @param retryMs as the server asked for */
  failed(retryMs: number | undefined): void
  close(): void
}

export interface PollsOptions {
  /** 0: never. */
  readonly pollSec: number
  readonly longPollSec: number
  readonly random: () => number
  /** The bundle that was accepted last. */
  readonly inForce: () => { readonly etag: string | undefined } | undefined
  /** A request that the server may hold. */
  readonly askHeld: (signal: AbortSignal) => Promise<Downloaded>
}

export function createPolls(options: PollsOptions): Polls {
  const { pollSec, longPollSec, random, inForce } = options
  let holds = false
  let failures = 0

  const pace = (): PollTerms => {
    const sec = inForce() === undefined ? Math.min(pollSec, firstPollSec) : pollSec
    return { intervalMs: sec * 1000, random }
  }
  const isHeld = (): boolean => holds && longPollSec > 0 && inForce()?.etag !== undefined
  const timer = createPollTimer(() => {
    if (isHeld() && !hold.isBusy) hold.begin()
    else tell()
  })
  const hold = createHold(options.askHeld, tell)

  function tell(): void {
    usual() // in case that nobody fetches now
    timer.tell()
  }

  function usual(): void {
    timer.arm(pollDelayMs(pace()))
  }

  return {
    watch(onChange) {
      if (pollSec === 0) return
      timer.watch(onChange)
      usual()
    },
    take() {
      timer.disarm()
      return hold.take()
    },
    offered(serverHolds) {
      failures = 0
      holds = serverHolds
      usual()
    },
    agreed(serverHolds = holds) {
      failures = 0
      holds = serverHolds
      if (isHeld()) timer.arm(hold.quick < 2 ? 0 : backOffMs(hold.quick, pace()))
      else usual()
    },
    failed(retryMs) {
      failures += 1
      timer.arm(retryMs ?? backOffMs(failures, pace()))
    },
    close: () => timer.close(),
  }
}

const firstPollSec = 5
