import { watch } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'
import { isFolder } from './bundle-file.js'
import type { Signals } from './command.js'

/** Runs the work now and after every save, one at a time, until a signal asks to stop. */
export async function onEverySave(
  watched: {
    /** A folder, or a file. */
    readonly path: string
    /** A file that is no part of it, though it may lie in it. */
    readonly ignored: string | undefined
    readonly signals: Signals
  },
  work: () => Promise<void>,
): Promise<void> {
  const { path, signals } = watched
  let saved: () => void = () => undefined
  const asked = { toStop: false }
  const stop = (): void => {
    asked.toStop = true
    saved()
  }
  // Editors put another file in the place of the one that is saved, so its folder is watched.
  const only = (await isFolder(path)) ? undefined : basename(path)
  const folder = only === undefined ? path : dirname(path)
  const concerns = concernsOf(folder, only, watched.ignored)
  const watcher = watch(folder, { recursive: only === undefined }, (_event, name) => {
    if (concerns(name ?? '')) saved()
  })
  signals.on('SIGINT', stop)
  signals.on('SIGTERM', stop)
  try {
    while (!asked.toStop) {
      const change = new Promise<void>((wake) => (saved = wake))
      await work()
      await change
      await settled()
    }
  } finally {
    watcher.close()
    signals.off('SIGINT', stop)
    signals.off('SIGTERM', stop)
  }
}

/** Whether what was saved under this name, relative to the folder, is what the work is about. */
function concernsOf(
  folder: string,
  only: string | undefined,
  ignored: string | undefined,
): (name: string) => boolean {
  const output = ignored === undefined ? undefined : resolve(ignored)
  return (name) => {
    if (only !== undefined) return name === only
    const path = resolve(folder, name)
    // An editor's own files and what the work itself writes are no part of it.
    const isOwn = output !== undefined && (path === output || path.startsWith(`${output}.`))
    return !isOwn && !(path.split(sep).at(-1) ?? '').startsWith('.#')
  }
}

/** Editors save in several steps. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 100))
}

/** The time of day before what is told of a save. */
export function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}
