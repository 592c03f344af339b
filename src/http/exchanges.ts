import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { GatewayError } from '../domain/errors.js'
import { createLine, type HangUp, type Line } from '../domain/hang-up.js'

/** The requests that are being answered now. */
export interface Exchanges {
  readonly open: number
  /**
   * Tells when the client hangs up, or when the gateway can wait no longer: for calls in flight at
   * the end of `drain`, for clients that only listen at its beginning. Too many requests that wait for each other on
   * one connection end it.
   */
  begin(response: ServerResponse, purpose: Purpose): HangUp
  /** The call with this line turned out to be one that only listens. */
  onlyListens(line: HangUp): void
  /**
   * Whether there are descriptors left for one more.
   * @throws GatewayError `overloaded`
   */
  refuseTooMany(purpose: Purpose): void
  /** Resolves when all have ended, or after `waitMs`, when the rest is cut off; gives how many that were. */
  drain(waitMs: number): Promise<number>
}

type Purpose = 'call' | 'listening'

/** An exchange takes a descriptor towards the client and one towards the upstream. */
const descriptorsEach = 2

/** Kept free of streams: for calls, for the log, for policy that is read anew. */
const reserved = (limit: number): number => Math.min(1_000, limit / 4)

/** @param fileLimit how many descriptors the process may have open; Infinity where that is not known */
export function createExchanges(fileLimit = Infinity): Exchanges {
  const most: Readonly<Record<Purpose, number>> = {
    listening: (fileLimit - reserved(fileLimit)) / descriptorsEach,
    call: (fileLimit - reserved(fileLimit) / 2) / descriptorsEach,
  }

  // Not a Map: what passes through one at this rate outlives every collection of the young generation.
  const open: Exchange[] = []
  let emptied: (() => void) | undefined
  const queues = createQueues()

  const remove = (exchange: Exchange): void => {
    const last = open.pop()
    if (last === undefined || last === exchange) return
    open[exchange.place] = last
    last.place = exchange.place
  }

  const begin = (response: ServerResponse, purpose: Purpose): HangUp => {
    const line = createLine()
    // A client may have hung up before its request was looked at.
    if (response.destroyed || (response.socket === null && !queues.add(response))) {
      line.hangUp()
      return line
    }
    const exchange: Exchange = { response, line, purpose, place: open.length }
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
    onlyListens: (line) => {
      const exchange = open.find((each) => each.line === line)
      if (exchange !== undefined) exchange.purpose = 'listening'
    },
    refuseTooMany: (purpose) => {
      if (open.length < most[purpose]) return
      throw new GatewayError('overloaded', 'The gateway has no room for more streams: try later')
    },
    drain,
  }
}

interface Exchange {
  readonly response: ServerResponse
  readonly line: Line
  purpose: Purpose
  /** Where it stands among the open ones. */
  place: number
}

/** Requests that a client may send ahead on one connection, before it has its first answer. */
const queuedPerSocket = 16

interface Queues {
  /** False where the connection is gone, or full and now ended. */
  add(response: ServerResponse): boolean
}

/**
 * Responses that wait for an earlier one on their connection. Until it is their turn Node gives them no socket, and
 * when the connection dies before that it tells them nothing: they are told here.
 */
function createQueues(): Queues {
  const queues = new WeakMap<Socket, Set<ServerResponse>>()

  const begin = (socket: Socket): Set<ServerResponse> => {
    const waiting = new Set<ServerResponse>()
    queues.set(socket, waiting)
    socket.once('close', () => {
      for (const response of waiting) {
        // One that has had its turn by now hears it from Node.
        if (response.socket !== null || response.closed) continue
        response.destroy()
        response.emit('close')
      }
    })
    return waiting
  }

  return {
    add: (response) => {
      const { socket } = response.req
      if (socket.destroyed) return false
      const waiting = queues.get(socket) ?? begin(socket)
      if (waiting.size >= queuedPerSocket) {
        socket.destroy()
        return false
      }
      waiting.add(response)
      response.once('close', () => waiting.delete(response))
      return true
    },
  }
}

function cutOff({ response, line }: Exchange): void {
  line.hangUp()
  response.destroy()
}
