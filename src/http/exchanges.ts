import type { ServerResponse } from 'node:http'

/** The requests that are being answered now. */
export interface Exchanges {
  readonly open: number
  /**
   * A signal that aborts when the client hangs up, or when the gateway can wait no longer: for calls in flight at
   * the end of `drain`, for clients that only listen at its beginning.
   */
  begin(response: ServerResponse, purpose: 'call' | 'listening'): AbortSignal
  /** Resolves when all have ended, or after `waitMs`, when the rest is cut off; gives how many that were. */
  drain(waitMs: number): Promise<number>
}

export function createExchanges(): Exchanges {
  const open = new Map<ServerResponse, Exchange>()
  let emptied: (() => void) | undefined

  const begin = (response: ServerResponse, purpose: Exchange['purpose']): AbortSignal => {
    const controller = new AbortController()
    // A client may have hung up before its request was looked at.
    if (response.destroyed) {
      controller.abort()
      return controller.signal
    }
    open.set(response, { controller, purpose })
    response.once('close', () => {
      open.delete(response)
      if (!response.writableFinished) controller.abort()
      if (open.size === 0) emptied?.()
    })
    return controller.signal
  }

  const drain = async (waitMs: number): Promise<number> => {
    for (const [response, { purpose, controller }] of open) {
      if (purpose === 'listening') cutOff(response, controller)
    }
    if (open.size === 0) return 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    const left = [...open]
    for (const [response, { controller }] of left) cutOff(response, controller)
    return left.length
  }

  return {
    get open() {
      return open.size
    },
    begin,
    drain,
  }
}

interface Exchange {
  readonly controller: AbortController
  readonly purpose: 'call' | 'listening'
}

function cutOff(response: ServerResponse, controller: AbortController): void {
  controller.abort()
  response.destroy()
}
