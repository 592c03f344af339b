import type { Connection } from './stdio-connection.js'
import { notReached } from './stdio-failures.js'

/** The one child that all calls of the modern era go to. The first starts it, and the next after it has ended. */
export interface SharedChild {
  /** @throws GatewayError `upstream_unavailable`, also while it may not be started again */
  current(): Connection
  close(): Promise<void>
}

const firstDelayMs = 100
const longestDelayMs = 30_000
/** A child that lived so long is taken to be well, milliseconds. */
const settledMs = 10_000

/** Between an end and the next start the time doubles: a server that cannot live must not keep the machine busy. */
export function createSharedChild(connect: () => Connection): SharedChild {
  let connection: Connection | undefined
  let delayMs = 0
  let notBefore = 0

  const start = (): Connection => {
    const started = performance.now()
    const next = connect()
    connection = next
    void next.ended.then(() => {
      connection = undefined
      const ended = performance.now()
      if (ended - started >= settledMs) delayMs = 0
      delayMs = delayMs === 0 ? firstDelayMs : Math.min(2 * delayMs, longestDelayMs)
      notBefore = ended + delayMs
    })
    return next
  }

  return {
    current() {
      if (connection?.isOpen === true) return connection
      if (connection !== undefined || performance.now() < notBefore) {
        throw notReached("The server's process has ended, and may be started again shortly")
      }
      return start()
    },
    async close() {
      await connection?.close()
    },
  }
}
