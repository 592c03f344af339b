import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PolicySupplyError } from '../domain/errors.js'
import { packArchive } from './archive-pack.js'
import { isFolder } from './disk-source.js'
import { asReadFault, isYoung, printOf } from './file-state.js'
import { createLocalSource, type Settled } from './local-source.js'
import { findRules, type RulesFile } from './rules-folder.js'
import type { BundleSource } from './source.js'
import { settleMs, type Surroundings } from './watch-folder.js'

export interface RulesSourceOptions {
  /** A file, or a folder of files. */
  readonly path: string
  readonly maxBytes: number
  readonly lookMs?: number
}

/**
 * Rules as they lie in a folder, packed in memory: everything behind this takes them for an archive. The same files give
 * the same bytes.
 */
export function createRulesSource({ path, maxBytes, lookMs }: RulesSourceOptions): BundleSource {
  const whole = resolve(path)
  const most = Math.min(maxBytes, mostBytes)
  return createLocalSource({
    name: whole,
    state: () => findRules(whole).then(printsOf, String),
    read: (signal) => readSettled(whole, most, signal),
    surroundings: () => surroundingsOf(whole),
    lookMs,
  })
}

/**
 * Reads again until what is there is the same before and after, and none of it was written a moment ago: several files
 * are seldom written at once. What never rests is given as it is, and an event follows.
 */
async function readSettled(path: string, most: number, signal: AbortSignal): Promise<Settled> {
  for (let left = settleTries; ; left -= 1) {
    const files = await findRules(path)
    checkSize(files, path, most)
    const contents = await readAll(files, signal)
    const print = printsOf(files)
    const isSame = contents !== undefined && print === printsOf(await findRules(path))
    const rests = isSame && !files.some(({ stats }) => isYoung(stats))
    if (contents !== undefined && (rests || left === 0)) {
      return { bytes: packArchive(contents, 'plain'), print: rests ? print : undefined }
    }
    if (left === 0) {
      throw new PolicySupplyError('archive', `The rules in ${path} change all the time`)
    }
    await delay(settleMs, undefined, { signal })
  }
}

function checkSize(files: readonly RulesFile[], path: string, most: number): void {
  const bytes = files.reduce((sum, { stats }) => sum + Number(stats.size), 0)
  if (bytes <= most) return
  throw new PolicySupplyError(
    'archive',
    `The rules in ${path} have ${bytes} bytes, over the limit of ${most} (POLICY_BUNDLE_MAX_BYTES, and 16 MiB at most)`,
  )
}

/** Undefined where a file went away, or grew, while it was read. */
async function readAll(
  files: readonly RulesFile[],
  signal: AbortSignal,
): Promise<readonly (readonly [name: string, content: Buffer])[] | undefined> {
  const contents: (readonly [string, Buffer])[] = []
  for (const { name, path, stats } of files) {
    const content = await readFile(path, { signal }).catch((fault: unknown) => {
      const found = asReadFault('rules file', path, fault)
      if (!signal.aborted && found.fault === 'absent') return undefined
      throw signal.aborted ? fault : found
    })
    if (content === undefined || BigInt(content.length) !== stats.size) return undefined
    contents.push([name, content])
  }
  return contents
}

function printsOf(files: readonly RulesFile[]): string {
  return files.map(({ name, stats }) => `${name} ${printOf(stats)}`).join('\n')
}

function surroundingsOf(path: string): Surroundings {
  // `..data` and what it leads to are those of a mounted ConfigMap. What lies deeper is found by looking.
  if (isFolder(path)) {
    return { folder: path, depth: 4, isRelevant: (name) => /^(?:[^.]|\.\.)/.test(name) }
  }
  const file = basename(path)
  return {
    folder: dirname(path),
    depth: 0,
    isRelevant: (name) => name === file || name.startsWith('..'),
  }
}

const settleTries = 20
const mostBytes = 16 * 1024 * 1024
