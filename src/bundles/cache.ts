import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PolicySupplyError } from '../domain/errors.js'
import { fileNameOf, readKept, replaceFile } from './kept-file.js'

/** The last good archive of each member, kept over a restart. */
export interface BundleCache {
  /**
   * Undefined where nothing is kept for the member.
   * @throws PolicySupplyError `archive` where something is and cannot be read
   */
  read(member: string): Promise<Buffer | undefined>
  /** Whether something is kept for the member, good or bad. */
  has(member: string): Promise<boolean>
  /** @throws Error of the file system */
  keep(member: string, archive: Buffer): Promise<void>
}

/** Keeps one file a member in the folder, which several processes may share: each replaces the whole file. */
export function createBundleCache(folder: string, maxBytes: number): BundleCache {
  const nameOf = (member: string): string => fileNameOf(member, '.tar.gz')
  return {
    async read(member) {
      try {
        return await readKept(folder, nameOf(member), maxBytes)
      } catch (fault) {
        const path = join(folder, nameOf(member))
        const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
        const why = code === undefined && fault instanceof Error ? fault.message : String(code)
        throw new PolicySupplyError('archive', `The kept bundle ${path} cannot be read (${why})`, {
          cause: fault,
        })
      }
    },
    has: (member) =>
      stat(join(folder, nameOf(member))).then(
        () => true,
        () => false,
      ),
    keep: (member, archive) => replaceFile(folder, nameOf(member), archive),
  }
}

export const noCache: BundleCache = {
  read: () => Promise.resolve(undefined),
  has: () => Promise.resolve(false),
  keep: () => Promise.resolve(),
}
