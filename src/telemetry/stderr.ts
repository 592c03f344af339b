import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** Where lines go that must not hold the process up. */
export interface LineOutput {
  /** Writes what the reader takes now and keeps the rest, up to 1 MB; what is more is dropped. */
  write(line: string): void
}

/**
 * Writes to an open descriptor, without waiting for the reader of a pipe or socket. Files and terminals are written at
 * once. What is kept is written as soon as the reader takes it, and as far as it does when the process ends.
 * @param noticeOf the line that says how many were dropped; it stands where they are missing
 */
export function createLineOutput(
  inherited: number,
  noticeOf: (dropped: number) => string,
): LineOutput {
  const fd = withoutBlocking(inherited)
  const kept: Kept[] = []
  let keptBytes = 0
  let dropped = 0
  let isMidLine = false
  let retry: NodeJS.Timeout | undefined

  function keep(text: string, lines: number): void {
    const bytes = Buffer.from(text)
    kept.push({ bytes, lines })
    keptBytes += bytes.length
  }

  function drain(): void {
    try {
      for (let next = kept[0]; next !== undefined; next = kept[0]) {
        const { bytes, lines } = next
        const written = writeSome(fd, bytes)
        keptBytes -= written
        if (written > 0) isMidLine = written < bytes.length
        if (written < bytes.length) {
          kept[0] = { bytes: bytes.subarray(written), lines }
          return
        }
        kept.shift()
      }
    } catch {
      // A log that cannot be written must not end the gateway; the decision log has its own rules.
      for (const { lines } of kept.splice(0)) dropped += lines
      keptBytes = 0
    }
  }

  function drainLater(): void {
    if (kept.length > 0) {
      if (retry !== undefined) return
      retry = setInterval(drainNow, retryMs).unref()
      process.on('exit', drain)
    } else if (retry !== undefined) {
      clearInterval(retry)
      retry = undefined
      process.off('exit', drain)
    }
  }

  function drainNow(): void {
    drain()
    drainLater()
  }

  return {
    write(line) {
      drain()
      if (kept.length > 0 && keptBytes + line.length > mostKeptBytes) {
        dropped += 1
        return
      }
      if (dropped > 0) {
        // A line that was cut off for good is ended first, so that it spoils no other.
        keep((kept.length === 0 && isMidLine ? '\n' : '') + noticeOf(dropped), dropped)
        dropped = 0
      }
      keep(line, 1)
      drainNow()
    },
  }
}

interface Kept {
  readonly bytes: Buffer
  /** How many lines are lost with it: a notice stands for those that it tells of. */
  readonly lines: number
}

const mostKeptBytes = 1024 * 1024
const retryMs = 50

/**
 * A pipe is opened again, so that the inherited descriptor keeps its flags, which other processes share. Where that
 * cannot be done (sockets, pipes of another user) Node's own stream changes them, which it does when it is first named.
 */
function withoutBlocking(fd: number): number {
  const status = fstatSync(fd)
  if (!status.isFIFO() && !status.isSocket()) return fd
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return fd === 2 ? process.stderr.fd : fd
  }
}

function writeSome(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EAGAIN' || code === 'EINTR') return 0
    throw thrown
  }
}
