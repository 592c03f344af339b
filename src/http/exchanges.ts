import type { ServerResponse } from 'node:http'
import { createLine, type HangUp, type Line } from '../domain/hang-up.js'

/** The requests that are being answered now. */
export interface Exchanges {
  readonly open: number
  /**
   * Tells when the client hangs up, or when the gateway can wait no longer: for calls in flight at
   * the end of `drain`, for clients that only listen at its beginning.
   */
  begin(response: ServerResponse, purpose: 'call' | 'listening'): HangUp
  /** Resolves when all have ended, or after `waitMs`, when the rest is cut off; gives how many that were. */
  drain(waitMs: number): Promise<number>
}

export function createExchanges(): Exchanges {
  // Not a Map: what passes through one at this rate outlives every collection of the young generation.
  const open: Exchange[] = []
  let emptied: (() => void) | undefined

  const remove = (exchange: Exchange): void => {
    const last = open.pop()
    if (last === undefined || last === exchange) return
    open[exchange.place] = last
    last.place = exchange.place
  }

  const begin = (response: ServerResponse, purpose: Exchange['purpose']): HangUp => {
    const line = createLine()
    // A client may have hung up before its request was looked at.
    if (response.destroyed) {
      line.hangUp()
      return line
    }
    const exchange = { response, line, purpose, place: open.length }
    open.push(exchange)
    response.once('close', () => {
      remove(exchange)
      if (!response.writableFinished) line.hangUp()
      if (open.length === 0) emptied?.()
    })
    return line
  }

  const drain = async (waitMs: number): Promise<number> => {
    for (const exchange of [...open]) if (exchange.purpose === 'listening') cutOff(exchange)
    if (open.length === 0) return 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    const left = [...open]
    for (const exchange of left) cutOff(exchange)
    return left.length
  }

  return {
    get open() {
      return open.length
    },
    begin,
    drain,
  }
}

interface Exchange {
  readonly response: ServerResponse
  readonly line: Line
  readonly purpose: 'call' | 'listening'
  /** Where it stands among the open ones. */
  place: number
}

function cutOff({ response, line }: Exchange): void {
  line.hangUp()
  response.destroy()
}
