import { mayPass } from './file-state.js'
import type { BundleSource } from './source.js'
import { type Surroundings, watchFolder, type Watching } from './watch-folder.js'

/** Something on this machine's disk that policy is made of. */
export interface LocalParts {
  readonly name: string
  /** Tells what is there now from what was there before; never rejects. */
  readonly state: () => Promise<string>
  /** @throws PolicySupplyError */
  readonly read: (signal: AbortSignal) => Promise<Settled>
  readonly surroundings: () => Surroundings
  /** How often it is looked at, milliseconds, whether or not the file system tells of a change. */
  readonly lookMs?: number | undefined
}

export interface Settled {
  /** The archive. */
  readonly bytes: Buffer
  /** The state that this is; undefined where it is too young to be told from later ones. */
  readonly print: string | undefined
}

export function createLocalSource(parts: LocalParts): BundleSource {
  const { name, state, read, surroundings, lookMs = usualLookMs } = parts
  let seen: string | undefined
  let watching: Watching | undefined

  async function hasChanged(): Promise<boolean> {
    return seen === undefined || (await state()) !== seen
  }

  return {
    name,
    async fetch(signal) {
      const before = await state()
      try {
        const { bytes, print } = await read(signal)
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
      watching ??= watchFolder(surroundings(), { lookMs, hasChanged, onChange })
    },
    async close() {
      await watching?.close()
    },
  }
}

const usualLookMs = 5_000
