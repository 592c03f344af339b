import { realpathSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { watch } from 'chokidar'

/** The folder in which changes happen that matter. */
export interface Surroundings {
  readonly folder: string
  /** How many folders deep. */
  readonly depth: number
  /** Whether what has this name in it can matter. */
  readonly isRelevant: (name: string) => boolean
}

export interface WatchTerms {
  /** How often it is looked at, milliseconds, whether or not the file system tells of a change. */
  readonly lookMs: number
  readonly hasChanged: () => Promise<boolean>
  readonly onChange: () => void
}

export interface Watching {
  close(): Promise<void>
}

/**
 * The folder is watched, not the file: a file that is replaced by renaming, as Kubernetes does with a whole mounted
 * ConfigMap, is another file each time. Not every change is told of, least of all one that another machine makes, or of
 * a link on the way; so it is looked at now and then too.
 */
export function watchFolder(around: Surroundings, terms: WatchTerms): Watching {
  const { lookMs, hasChanged, onChange } = terms
  let stood = placeOf(around.folder)
  let watcher = standWatch(around, notice)
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
    followFolder()
    if (changed) onChange()
    if (!settling) plan(lookMs)
  }

  /** A folder that was replaced, or came back, is another one, of which the old watch tells nothing. */
  function followFolder(): void {
    const place = placeOf(around.folder)
    if (place === stood) return
    stood = place
    if (place === undefined) return
    void watcher.close()
    watcher = standWatch(around, notice)
  }

  function notice(): void {
    if (closed || settling) return
    settling = true
    plan(settleMs)
  }

  plan(lookMs)

  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

function standWatch({ folder, depth, isRelevant }: Surroundings, notice: () => void) {
  const real = realPathOf(folder)
  return (
    watch(real, {
      depth,
      followSymlinks: false,
      ignoreInitial: true,
      ignored: (candidate) => candidate !== real && !isRelevant(basename(candidate)),
    })
      .on('all', notice)
      // `all` leaves out a change within 50 ms of another, which may be the one that completes the file.
      .on('raw', (_event: string, changed: string | null) => {
        if (changed === null || changed === real || isRelevant(basename(changed))) notice()
      })
      .on('ready', notice) // what happened before it stood watch has no event
      .on('error', () => undefined) // no watch can be had, as when the system's limit is used up
  )
}

/** Undefined while it cannot be reached. */
function placeOf(folder: string): string | undefined {
  try {
    // Numbers of what was removed are given again.
    const { dev, ino, birthtimeMs } = statSync(folder)
    return `${dev} ${ino} ${birthtimeMs}`
  } catch {
    return undefined
  }
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

/** How long a change is given to be complete, milliseconds. */
export const settleMs = 50
