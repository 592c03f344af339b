import type { BigIntStats } from 'node:fs'
import { statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PolicySupplyError } from '../domain/errors.js'
import { asReadFault, isYoung, printOf, statOf } from './file-state.js'
import { createLocalSource, type Settled } from './local-source.js'
import type { BundleSource } from './source.js'
import { settleMs, type Surroundings } from './watch-folder.js'

export interface DiskSourceOptions {
  readonly path: string
  readonly maxBytes: number
  readonly lookMs?: number
}

/** A bundle file, or the `bundle.tar.gz` of a folder. */
export function createDiskSource({ path, maxBytes, lookMs }: DiskSourceOptions): BundleSource {
  const whole = resolve(path)
  return createLocalSource({
    name: whole,
    state: () => stateOf(whole),
    read: (signal) => readSettled(whole, maxBytes, signal),
    surroundings: () => surroundingsOf(whole),
    lookMs,
  })
}

/** What a fetch depends on; of what cannot be fetched, why. */
function stateOf(path: string): Promise<string> {
  return find(path).then(({ stats }) => printOf(stats), String)
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
      throw signal.aborted ? fault : asReadFault('bundle', file, fault)
    })
    const print = printOf(stats)
    const rests = BigInt(bytes.length) === stats.size && print === printOf((await find(path)).stats)
    if (rests) return { bytes, print: isYoung(stats) ? undefined : print }
    if (left === 0) return { bytes, print: undefined }
    await delay(settleMs, undefined, { signal })
  }
}

async function find(path: string): Promise<{ file: string; stats: BigIntStats }> {
  const stats = await statOf('bundle', path)
  if (stats.isFile()) return { file: path, stats }
  const file = join(path, fileInFolder)
  const inFolder = stats.isDirectory() ? await statInFolder(path, file) : stats
  if (inFolder.isFile()) return { file, stats: inFolder }
  throw new PolicySupplyError('archive', `The bundle ${path} is not a regular file`)
}

async function statInFolder(folder: string, file: string): Promise<BigIntStats> {
  try {
    return await statOf('bundle', file)
  } catch (fault) {
    const names = await readdir(folder).catch((): string[] => [])
    const advice = adviceOn(names, folder, file)
    if (advice === undefined) throw fault
    throw new PolicySupplyError('absent', `There is no bundle at ${file}, and ${advice}`, {
      cause: fault,
    })
  }
}

/** What is in the folder instead, and what to do with it. */
function adviceOn(names: readonly string[], folder: string, file: string): string | undefined {
  if (names.some((name) => /\.rego$|^policy\.wasm$|^\.manifest$/.test(name))) {
    return `what is in that folder is no bundle yet: build it with "portcullis policy build ${folder} -o ${file}"`
  }
  if (!names.some((name) => /^rules(?:\.ya?ml)?$/.test(name))) return undefined
  return 'there are rules in that folder: name it in POLICY_RULES_PATH instead'
}

/** The folder to watch, and which names in it matter: the bundle's, and `..data`, through which a mounted ConfigMap is swapped. */
function surroundingsOf(path: string): Surroundings {
  const isItself = isFolder(path)
  const folder = isItself ? path : dirname(path)
  const file = isItself ? fileInFolder : basename(path)
  return { folder, depth: 0, isRelevant: (name) => name === file || name.startsWith('..') }
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

const fileInFolder = 'bundle.tar.gz'
const settleTries = 20
