import type { BigIntStats } from 'node:fs'
import { realpathSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type FSWatcher, watch } from 'chokidar'
import { PolicySupplyError } from '../domain/errors.js'
import type { BundleSource } from './source.js'

/**
 * A bundle file, or the `bundle.tar.gz` of a folder. The folder is watched, not the file: a file that is
 * replaced by renaming, as Kubernetes does with a whole mounted ConfigMap, is another file each time.
 */
export function createDiskSource(options: {
  readonly path: string
  readonly maxBytes: number
}): BundleSource {
  const path = resolve(options.path)
  let seen: string | undefined
  let watching: Watching | undefined

  async function hasChanged(): Promise<boolean> {
    if (seen === undefined) return true
    const now = await find(path).then(({ stats }) => printOf(stats), String)
    return now !== seen
  }

  return {
    name: path,
    async fetch(signal) {
      seen = undefined
      const read = await readSettled(path, options.maxBytes, signal)
      seen = read.print
      return { type: 'archive', bytes: read.bytes }
    },
    accepted() {
      // Nothing to remember: the loader tells archives apart by their digest.
    },
    watch(onChange) {
      watching ??= watchFolder(path, hasChanged, onChange)
    },
    async close() {
      await watching?.close()
    },
  }
}

interface Settled {
  readonly bytes: Buffer
  /** Tells this state of the file from later ones; undefined where it is too young to be told. */
  readonly print: string | undefined
}

/** Reads again while the file is being written; one that never rests is given as it is, and an event follows. */
async function readSettled(path: string, maxBytes: number, signal: AbortSignal): Promise<Settled> {
  for (let left = settleTries; ; left -= 1) {
    const { file, stats } = await find(path)
    if (stats.size > BigInt(maxBytes)) {
      throw new PolicySupplyError(
        'archive',
        `The bundle ${file} has ${String(stats.size)} bytes, over the limit of ${maxBytes} (POLICY_BUNDLE_MAX_BYTES)`,
      )
    }
    const bytes = await readFile(file, { signal }).catch((fault: unknown) => {
      throw signal.aborted ? fault : asSupplyError(file, fault)
    })
    const print = printOf(stats)
    const rests = BigInt(bytes.length) === stats.size && print === printOf((await find(path)).stats)
    if (rests) return { bytes, print: isYoung(stats) ? undefined : print }
    if (left === 0) return { bytes, print: undefined }
    await delay(settleMs, undefined, { signal })
  }
}

async function find(path: string): Promise<{ file: string; stats: BigIntStats }> {
  const stats = await statOf(path)
  if (stats.isFile()) return { file: path, stats }
  const file = join(path, fileInFolder)
  const inFolder = stats.isDirectory() ? await statOf(file) : stats
  if (inFolder.isFile()) return { file, stats: inFolder }
  throw new PolicySupplyError('archive', `The bundle ${path} is not a regular file`)
}

async function statOf(file: string): Promise<BigIntStats> {
  return stat(file, { bigint: true }).catch((fault: unknown) => {
    throw asSupplyError(file, fault)
  })
}

/** What is there and cannot be read is a policy that is refused; only what is not there is absent. */
function asSupplyError(file: string, fault: unknown): PolicySupplyError {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown fault'
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new PolicySupplyError('absent', `There is no bundle at ${file}`, { cause: fault })
  }
  return new PolicySupplyError('archive', `The bundle ${file} cannot be read (${code})`, {
    cause: fault,
  })
}

function printOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Two writes within one tick of the file system's clock leave the same times. */
function isYoung({ ctimeMs }: BigIntStats): boolean {
  return Date.now() - Number(ctimeMs) < clockTickMs
}

interface Watching {
  close(): Promise<void>
}

function watchFolder(
  path: string,
  hasChanged: () => Promise<boolean>,
  onChange: () => void,
): Watching {
  const { folder, isRelevant } = surroundingsOf(path)
  let timer: NodeJS.Timeout | undefined
  let watcher = open(false)
  let closed = false

  function open(usePolling: boolean): FSWatcher {
    return (
      watch(folder, {
        depth: 0,
        followSymlinks: false,
        ignoreInitial: true,
        usePolling,
        interval: pollMs,
        ignored: (candidate) => candidate !== folder && !isRelevant(basename(candidate)),
      })
        .on('all', notice)
        // `all` leaves out a change within 50 ms of another, which may be the one that completes the file.
        .on('raw', (_event: string, changed: string | null) => {
          if (changed === null || changed === folder || isRelevant(basename(changed))) notice()
        })
        .on('ready', notice) // what happened before it stood watch has no event
        .on('error', () => {
          if (usePolling || closed) return
          void watcher.close()
          watcher = open(true) // no watch can be had, as when the system's limit is used up
        })
    )
  }

  function notice(): void {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      void hasChanged().then((changed) => {
        if (changed && !closed) onChange()
      })
    }, settleMs)
  }

  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

/** The folder to watch, and which names in it matter: the bundle's, and `..data`, through which a mounted ConfigMap is swapped. */
function surroundingsOf(path: string): { folder: string; isRelevant: (name: string) => boolean } {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  const folder = isFolder ? path : dirname(path)
  const file = isFolder ? fileInFolder : basename(path)
  return {
    folder: realPathOf(folder),
    isRelevant: (name) => name === file || name.startsWith('..'),
  }
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

const fileInFolder = 'bundle.tar.gz'
const settleMs = 50
const settleTries = 20
const clockTickMs = 100
const pollMs = 5_000
