import { assemble } from './assemble.js'
import { contradictions } from './contradictions.js'
import { fromEnvironment } from './environment.js'
import { fromFile } from './file.js'
import { fromFlags } from './flags.js'
import { resolve } from './resolve.js'
import type { Config } from './config.js'
import type { Environment } from './environment.js'
import type { Flags } from './flags.js'
import type { ReadFile, Source } from './given.js'

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  /** Every fault at once; none of them shows a secret. */
  | { readonly ok: false; readonly faults: readonly string[] }

/** Flags, then environment, then config file, then defaults. */
export function loadConfig({
  flags,
  env,
  readFile,
}: {
  readonly flags: Flags
  readonly env: Environment
  readonly readFile: ReadFile
}): Loaded {
  const demo = flags['demo'] === true
  const sources = [
    fromFlags(flags),
    fromEnvironment(env, readFile),
    configFile(flags, env, readFile),
  ]
  const { resolved, faults } = resolve(sources)
  const every = [...new Set([...faults, ...contradictions(resolved, demo)])]
  if (every.length > 0) return { ok: false, faults: every }
  return { ok: true, config: frozen(assemble(resolved, demo)) }
}

function configFile(flags: Flags, env: Environment, readFile: ReadFile): Source {
  const path = flags['config'] ?? env['PORTCULLIS_CONFIG']
  if (path === undefined) return { given: new Map(), faults: [] }
  if (typeof path === 'string' && path !== '') return fromFile(path, readFile)
  return {
    given: new Map(),
    faults: ['PORTCULLIS_CONFIG is empty: give the path of a config file'],
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}
