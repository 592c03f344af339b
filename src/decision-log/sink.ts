import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { GatewayError } from '../domain/errors.js'

export type Destination =
  | { readonly type: 'stdout' }
  | { readonly type: 'stderr' }
  | { readonly type: 'file'; readonly path: string }

/** Where lines go: one file descriptor, written in order. */
export interface Sink {
  /**
   * Writes what the destination takes now and gives the number of bytes; 0 where it takes none for the moment.
   * @throws the system's error where it takes none at all
   */
  write(bytes: Buffer): number
  /** The last byte written is not the end of a line. */
  midLine(): boolean
  /** Resolves when everything written before is on the disk; at once where the destination is not one. */
  sync(): Promise<void>
  /** Opens the path anew, for log rotation; a no-op on the standard streams. */
  reopen(): void
  close(): void
}

/** @throws GatewayError `log_unavailable` when the destination cannot be opened */
export function openSink(destination: Destination): Sink {
  let open = openDestination(destination)
  let midLine = open.midLine
  let syncing = 0
  const retired: Open[] = []

  function closeRetired(): void {
    // A descriptor that a sync still holds must not be closed: its number could be given to another file.
    if (syncing > 0) return
    for (const old of retired.splice(0)) closeSync(old.fd)
  }

  return {
    write(bytes) {
      const written = writeSome(open.fd, bytes)
      if (written > 0) midLine = bytes[written - 1] !== newline
      return written
    },
    midLine: () => midLine,
    async sync() {
      if (!open.isFile) return
      syncing += 1
      try {
        await datasync(open.fd)
      } finally {
        syncing -= 1
        closeRetired()
      }
    },
    reopen() {
      if (destination.type !== 'file') return
      const next = openDestination(destination)
      if (open.isFile) fdatasyncSync(open.fd)
      retired.push(open)
      open = next
      midLine = next.midLine
      closeRetired()
    },
    close() {
      if (open.owned) retired.push(open)
      closeRetired()
    },
  }
}

const newline = 0x0a

interface Open {
  readonly fd: number
  /** Opened here, so closed here. */
  readonly owned: boolean
  readonly isFile: boolean
  readonly midLine: boolean
}

function openDestination(destination: Destination): Open {
  try {
    return destination.type === 'file' ? openFile(destination.path) : openStandard(destination.type)
  } catch (thrown) {
    const name = destination.type === 'file' ? destination.path : destination.type
    const code = systemCode(thrown)
    throw new GatewayError(
      'log_unavailable',
      `The decision log ${name} cannot be opened (${code}): name a file in a folder that exists and that this process may write to`,
      { cause: thrown },
    )
  }
}

function openFile(path: string): Open {
  // O_NONBLOCK: a named pipe whose reader stalls must not stop the event loop. Plain files ignore it.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
  const fd = openSync(path, flags, 0o640)
  const status = fstatSync(fd)
  if (!status.isFile()) return { fd, owned: true, isFile: false, midLine: false }
  syncFolder(path)
  return { fd, owned: true, isFile: true, midLine: endsMidLine(path, status.size) }
}

/** A file that was just created is only safe from a crash when its folder is, too. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(dirname(path), constants.O_RDONLY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Some file systems cannot sync a folder, and a process may write to a file in one that it cannot read.
  }
}

/** True where an earlier process died in the middle of a line. */
function endsMidLine(path: string, size: number): boolean {
  if (size === 0) return false
  try {
    const fd = openSync(path, constants.O_RDONLY)
    try {
      const last = Buffer.alloc(1)
      return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== newline
    } finally {
      closeSync(fd)
    }
  } catch {
    return true // may be written but not read: a blank line more is harmless, a torn one is not
  }
}

/**
 * A pipe is opened again, without blocking, so that a reader that stalls does not stop the event loop; the
 * descriptor that was inherited keeps its flags, because other processes share them.
 */
function openStandard(type: 'stdout' | 'stderr'): Open {
  const fd = type === 'stdout' ? 1 : 2
  const status = fstatSync(fd)
  const inherited = { fd, owned: false, isFile: status.isFile(), midLine: false }
  if (!status.isFIFO()) return inherited
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK
    return { ...inherited, fd: openSync(`/dev/fd/${fd}`, flags), owned: true }
  } catch {
    return inherited
  }
}

function writeSome(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes)
  } catch (thrown) {
    const code = systemCode(thrown)
    if (code === 'EAGAIN' || code === 'EINTR') return 0
    throw thrown
  }
}

function datasync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

function systemCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error'
}
