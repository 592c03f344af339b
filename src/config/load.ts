import { assemble, assembleStdio, type Launched } from './assemble.js'
import { contradictions, stdioContradictions } from './contradictions.js'
import { fromEnvironment } from './environment.js'
import { fromFile } from './file.js'
import { fromFlags } from './flags.js'
import { replicaName } from './replica.js'
import { checkFolder, type CheckFolder } from './folder.js'
import { resolve, type Resolved } from './resolve.js'
import { readServers, type Servers } from './servers.js'
import { readSupply, type Supply } from './supply.js'
import { readTools, type Tools } from './tools-file.js'
import type { Config, StdioConfig } from './config.js'
import type { Environment } from './environment.js'
import type { Flags } from './flags.js'
import type { ReadFile, Source } from './given.js'

export type Loaded<C = Config> =
  | { readonly ok: true; readonly config: C }
  /** Every fault at once; none of them shows a secret. */
  | { readonly ok: false; readonly faults: readonly string[] }

export interface Settings {
  readonly flags: Flags
  readonly env: Environment
  readonly readFile: ReadFile
  /** Left out: the folders of this machine. */
  readonly checkFolder?: CheckFolder
}

/** Flags, then environment, then config file, then defaults. */
export function loadConfig(settings: Settings): Loaded {
  const { flags, env, readFile } = settings
  const demo = flags['demo'] === true
  const { resolved, faults } = resolve(sourcesOf(settings))
  const read = serversOf(resolved, env, readFile)
  const supply = supplyOf(resolved, settings, demo)
  const { tools, faults: toolFaults } = toolsOf(resolved, readFile)
  const around = { demo, servers: read?.servers, supply, tools }
  const every = [
    ...faults,
    ...(read?.faults ?? []),
    ...supply.faults,
    ...toolFaults,
    ...contradictions(resolved, around),
  ]
  return loaded(every, () => assemble(resolved, around, replicaOf(env)))
}

/** The configuration of `portcullis stdio`, whose upstream stands on the command line. */
export function loadStdioConfig(settings: Settings, server: Launched): Loaded<StdioConfig> {
  const { env } = settings
  const { resolved, faults } = resolve(sourcesOf(settings))
  const supply = supplyOf(resolved, settings, false)
  const { tools, faults: toolFaults } = toolsOf(resolved, settings.readFile)
  const contradicting = stdioContradictions(resolved, supply)
  const every = [...faults, ...supply.faults, ...toolFaults, ...contradicting]
  const around = { server, env, supply, tools }
  return loaded(every, () => assembleStdio(resolved, around, replicaOf(env)))
}

function supplyOf(resolved: Resolved, settings: Settings, demo: boolean): Supply {
  return readSupply(resolved, { checkFolder, ...settings, demo })
}

function loaded<C>(faults: readonly string[], make: () => C): Loaded<C> {
  if (faults.length > 0) return { ok: false, faults: [...new Set(faults)] }
  return { ok: true, config: frozen(make()) }
}

function sourcesOf({ flags, env, readFile }: Settings): readonly Source[] {
  return [fromFlags(flags), fromEnvironment(env, readFile), configFile(flags, env, readFile)]
}

function serversOf({ value }: Resolved, env: Environment, readFile: ReadFile): Servers | undefined {
  const path = value('UPSTREAMS_FILE')
  // Beside an address the file is a fault of its own.
  if (path === undefined || value('UPSTREAM_URL') !== undefined) return undefined
  return readServers(path, env, readFile)
}

function toolsOf({ value }: Resolved, readFile: ReadFile): Tools {
  const path = value('TOOLS_FILE')
  return path === undefined ? { tools: [], faults: [] } : readTools(path, readFile)
}

/** A pod's name stands in `HOSTNAME`. */
function replicaOf(env: Environment): string {
  return replicaName(env['HOSTNAME'] ?? '')
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
