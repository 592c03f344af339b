import type { HangUp } from '../domain/hang-up.js'
import type { Chunks } from '../domain/reply.js'
import type { ListName } from './list-methods.js'

/** A stream on which the gateway has something to say itself. */
export interface TellingStream {
  readonly chunks: Chunks
  /** Says it between two chunks of the stream, once however often it is told before the client reads it. */
  readonly tell: (list: ListName) => void
}

/**
 * @param chunks each of them ends where an event ends
 * @param write the event that tells of a change
 * @param ended called once, when there is nobody to tell any more
 */
export function tellingStream(
  chunks: Chunks,
  write: (list: ListName) => Buffer,
  ended: () => void,
): TellingStream {
  const untold = new Set<ListName>()
  let arrived: (() => Buffer | undefined) | undefined
  let asked = false
  let reader: Reader | undefined
  let isOver = false

  const end = (): void => {
    if (isOver) return
    isOver = true
    ended()
  }

  /** What is there: what came of the stream before what is told, so that its order is kept. */
  const next = (): (() => Buffer | undefined) | undefined => {
    const take = arrived
    arrived = undefined
    if (take !== undefined) return take
    const [list] = untold
    if (list === undefined) return undefined
    untold.delete(list)
    return () => write(list)
  }

  const settle = (): void => {
    if (reader === undefined) return
    const take = next()
    if (take === undefined) return
    const waiting = reader
    reader = undefined
    give(waiting, take)
  }

  const give = ({ resolve, reject }: Reader, take: () => Buffer | undefined): void => {
    try {
      const chunk = take()
      if (chunk === undefined) end()
      resolve(chunk)
    } catch (thrown) {
      end()
      reject(thrown)
    }
  }

  const ask = async (): Promise<void> => {
    if (asked) return
    asked = true
    try {
      const chunk = await chunks.read()
      arrived = () => chunk
    } catch (thrown) {
      arrived = () => {
        throw thrown
      }
    }
    asked = false
    settle()
  }

  return {
    tell: (list) => {
      if (isOver) return
      untold.add(list)
      settle()
    },
    chunks: {
      read: () =>
        new Promise((resolve, reject) => {
          const take = next()
          if (take !== undefined) {
            give({ resolve, reject }, take)
            return
          }
          reader = { resolve, reject }
          void ask()
        }),
      cancel: () => {
        end()
        chunks.cancel()
      },
    },
  }
}

interface Reader {
  readonly resolve: (chunk: Buffer | undefined) => void
  readonly reject: (thrown: unknown) => void
}

/** As often as the SDKs do, so that no proxy on the way takes a silent stream for a dead one. */
const keepAliveMs = 15_000
const keepAlive = Buffer.from(': keep-alive\n\n')

/** A stream of nothing but comments, until its client hangs up. */
export function silentStream(hangUp: HangUp): Chunks {
  let isOver = false
  let wake: (() => void) | undefined

  const end = (): void => {
    isOver = true
    wake?.()
  }
  hangUp.notify(end)

  return {
    read: () =>
      new Promise((resolve) => {
        const settle = (): void => {
          clearTimeout(timer)
          wake = undefined
          resolve(isOver ? undefined : keepAlive)
        }
        const timer = setTimeout(settle, keepAliveMs)
        wake = settle
        if (isOver) settle()
      }),
    cancel: end,
  }
}
