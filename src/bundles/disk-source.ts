import type { BigIntStats } from 'node:fs'
import { realpathSync, statSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { watch } from 'chokidar'
import { PolicySupplyError } from '../domain/errors.js'
import type { BundleSource } from './source.js'

export interface DiskSourceOptions {
  readonly path: string
  readonly maxBytes: number
  /** How often it is looked at, milliseconds, whether or not the file system tells of a change. */
  readonly lookMs?: number
}

/**
 * A bundle file, or the `bundle.tar.gz` of a folder. The folder is watched, not the file: a file that is
 * replaced by renaming, as Kubernetes does with a whole mounted ConfigMap, is another file each time. Not every change
 * is told of, least of all one that another machine makes, or of a link on the way; so it is looked at now and then too.
 */
export function createDiskSource(options: DiskSourceOptions): BundleSource {
  const { maxBytes, lookMs = usualLookMs } = options
  const path = resolve(options.path)
  let seen: string | undefined
  let watching: Watching | undefined

  async function hasChanged(): Promise<boolean> {
    return seen === undefined || (await stateOf(path)) !== seen
  }

  return {
    name: path,
    async fetch(signal) {
      const before = await stateOf(path)
      try {
        const { bytes, print } = await readSettled(path, maxBytes, signal)
        seen = print
        return { type: 'archive', bytes }
      } catch (fault) {
        seen = mayPass(fault) ? undefined : before
        throw fault
      }
    },
    accepted() {
      // Nothing to remember: the loader tells archives apart by their digest.
    },
    watch(onChange) {
      watching ??= watchFolder(path, { lookMs, hasChanged, onChange })
    },
    async close() {
      await watching?.close()
    },
  }
}

/** What a fetch depends on; of what cannot be fetched, why. */
function stateOf(path: string): Promise<string> {
  return find(path).then(({ stats }) => printOf(stats), String)
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
  const inFolder = stats.isDirectory() ? await statInFolder(path, file) : stats
  if (inFolder.isFile()) return { file, stats: inFolder }
  throw new PolicySupplyError('archive', `The bundle ${path} is not a regular file`)
}

async function statInFolder(folder: string, file: string): Promise<BigIntStats> {
  try {
    return await statOf(file)
  } catch (fault) {
    const names = await readdir(folder).catch((): string[] => [])
    if (!names.some((name) => /\.rego$|^policy\.wasm$|^\.manifest$/.test(name))) throw fault
    throw new PolicySupplyError(
      'absent',
      `There is no bundle at ${file}, and what is in that folder is no bundle yet: build it with "portcullis policy build ${folder} -o ${file}"`,
      { cause: fault },
    )
  }
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

/** Whether it can be over without any change of the file, as on a file system that is flaky. */
function mayPass(fault: unknown): boolean {
  const cause = fault instanceof Error ? fault.cause : undefined
  return cause instanceof Error && 'code' in cause && !lasting.has(String(cause.code))
}

const lasting: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'])

function printOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Two writes within one tick of the file system's clock, which may be another machine's, leave the same times. */
function isYoung({ ctimeMs }: BigIntStats): boolean {
  return Math.abs(Date.now() - Number(ctimeMs)) < clockTickMs
}

interface Watching {
  close(): Promise<void>
}

interface WatchTerms {
  readonly lookMs: number
  readonly hasChanged: () => Promise<boolean>
  readonly onChange: () => void
}

function watchFolder(path: string, { lookMs, hasChanged, onChange }: WatchTerms): Watching {
  const { folder, isRelevant } = surroundingsOf(path)
  let timer: NodeJS.Timeout | undefined
  let settling = false
  let closed = false

  function plan(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      settling = false
      void look()
    }, ms).unref()
  }

  async function look(): Promise<void> {
    const changed = await hasChanged()
    if (closed) return
    if (changed) onChange()
    if (!settling) plan(lookMs)
  }

  function notice(): void {
    if (closed || settling) return
    settling = true
    plan(settleMs)
  }

  const watcher = watch(folder, {
    depth: 0,
    followSymlinks: false,
    ignoreInitial: true,
    ignored: (candidate) => candidate !== folder && !isRelevant(basename(candidate)),
  })
    .on('all', notice)
    // `all` leaves out a change within 50 ms of another, which may be the one that completes the file.
    .on('raw', (_event: string, changed: string | null) => {
      if (changed === null || changed === folder || isRelevant(basename(changed))) notice()
    })
    .on('ready', notice) // what happened before it stood watch has no event
    .on('error', () => undefined) // no watch can be had, as when the system's limit is used up
  plan(lookMs)

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
  const isItself = isFolder(path)
  const folder = isItself ? path : dirname(path)
  const file = isItself ? fileInFolder : basename(path)
  return {
    folder: realPathOf(folder),
    isRelevant: (name) => name === file || name.startsWith('..'),
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
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
const usualLookMs = 5_000
