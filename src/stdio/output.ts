import type { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { onOneLine } from '../wire/ndjson.js'

/** Messages to the host, a line each, in the order in which they were given. */
export interface Output {
  /** Resolves once the host took it, so that who waits holds one message at most; also where the host is gone. */
  write(text: Buffer): Promise<void>
  /** Resolves when few enough messages wait. */
  room(): Promise<void>
  /** Resolves when everything that was given so far is written. */
  flushed(): Promise<void>
  /** Gives up what the host has not taken yet. */
  abandon(): void
  /** The host does not read any more. */
  readonly isGone: boolean
}

/** Messages that may wait for a host that is slow to read, before nothing more is asked of the server. */
const mostWaiting = 64

/** @param gone told once, when the host stops reading for good */
export function createOutput(stream: Writable, gone: () => void): Output {
  let last = Promise.resolve()
  let waiting = 0
  let isGone = false

  stream.on('error', () => {
    if (isGone) return
    isGone = true
    gone()
  })

  const put = async (text: Buffer): Promise<void> => {
    if (!isGone) await taken(stream, Buffer.concat([onOneLine(text), lineEnd]))
    waiting -= 1
    // Clients that find a progress report and its result in one read forget the report.
    await nextTurn()
  }

  return {
    write: (text) => {
      waiting += 1
      last = last.then(() => put(text))
      return last
    },
    room: async () => {
      while (waiting > mostWaiting) await last
    },
    flushed: () => last,
    abandon: () => {
      isGone = true
      stream.destroy()
    },
    get isGone() {
      return isGone
    },
  }
}

const lineEnd = Buffer.from('\n')

function taken(stream: Writable, line: Buffer): Promise<void> {
  return new Promise((resolve) => {
    stream.write(line, () => resolve())
  })
}
