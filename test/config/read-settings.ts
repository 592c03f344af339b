import { loadConfig } from '../../src/config/load.js'
import type { Config } from '../../src/config/config.js'
import type { Loaded } from '../../src/config/load.js'

export interface Given {
  /** The upstream that is there unless a test brings its own; false for none. */
  readonly upstream?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: Readonly<Record<string, string | boolean>>
  /** Files by path; every other path is not there. */
  readonly files?: Readonly<Record<string, string>>
  /** Why a folder cannot be used, by its path; every other one can. */
  readonly folders?: Readonly<Record<string, string>>
}

/** Loads with an upstream, so that a test states only what it is about. */
export function load(given: Given): Loaded {
  const { upstream = true, env = {}, flags = {}, files = {}, folders = {} } = given
  const usual = upstream ? { UPSTREAM_URL: 'http://127.0.0.1:3000/mcp' } : {}
  const checkFolder = (path: string): string | undefined => folders[path]
  return loadConfig({ flags, env: { ...usual, ...env }, readFile: readerOf(files), checkFolder })
}

export function readerOf(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
    return text
  }
}

export function configOf(given: Given): Config {
  const loaded = load(given)
  if (loaded.ok) return loaded.config
  throw new Error(loaded.faults.join('\n'))
}

export function faultsOf(given: Given): readonly string[] {
  const loaded = load(given)
  return loaded.ok ? [] : loaded.faults
}
