import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errorCode } from './given.js'

/** Why files cannot be kept in a folder, worded to follow its name; undefined where they can. */
export type CheckFolder = (path: string) => string | undefined

/** A folder that is not there yet is fine where it can be made. */
export const checkFolder: CheckFolder = (path) => {
  const folder = nearestThere(resolve(path))
  const isMissing = folder !== resolve(path)
  try {
    if (!statSync(folder).isDirectory()) {
      return isMissing ? `cannot be made: ${folder} is no folder` : 'is no folder'
    }
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const why = errorCode(error)
    return isMissing ? `is not there and cannot be made (${why})` : `cannot be written to (${why})`
  }
}

function nearestThere(path: string): string {
  return isThere(path) || dirname(path) === path ? path : nearestThere(dirname(path))
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    return errorCode(error) !== 'ENOTDIR'
  }
}
