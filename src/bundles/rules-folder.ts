import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, readlink, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PolicySupplyError } from '../domain/errors.js'
import { asReadFault, statOf } from './file-state.js'
import { refuseNames, roleOf } from './layout.js'

/** A file that is a part of the rules. */
export interface RulesFile {
  /** As its author knows it: the path in the folder, with slashes. */
  readonly name: string
  readonly path: string
  readonly stats: BigIntStats
}

/**
 * What there is of rules: one file, or all of a folder, at any depth and in the order of their names. What is hidden is
 * passed over.
 * @throws PolicySupplyError `absent` where there are no rules, `check` or `archive` for what is there and cannot be used
 */
export async function findRules(path: string): Promise<readonly RulesFile[]> {
  const stats = await statOf('rules file or folder', path)
  if (!stats.isDirectory()) return [onlyFile(path, stats)]
  const files = (await filesIn(path)).sort((a, b) => (a.name < b.name ? -1 : 1))
  refuseNames(
    files.map(({ name }) => name),
    'rules',
  )
  if (files.some(({ name }) => roleOf(name, 'rules') === 'rules')) return files
  throw new PolicySupplyError('absent', `There are no rules in ${path}: put .yaml files there`)
}

function onlyFile(path: string, stats: BigIntStats): RulesFile {
  const name = basename(path)
  if (!stats.isFile()) throw refuse('archive', `${path} is not a regular file`)
  if (/\.ya?ml$/.test(name)) return { name, path, stats }
  const advice = name.endsWith('.rego')
    ? 'build the folder of the Rego with "portcullis policy build" and set POLICY_BUNDLE_PATH to the bundle'
    : 'name a file that ends in .yaml or .yml, or a folder; a bundle goes to POLICY_BUNDLE_PATH'
  throw refuse('check', `${path} is no rules file: ${advice}`)
}

async function filesIn(root: string): Promise<RulesFile[]> {
  const files: RulesFile[] = []
  const folders = ['']
  for (let looked = 0, folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await entriesOf(join(root, folder))
    looked += entries.length
    if (looked > mostEntries) {
      throw refuse(
        'archive',
        `${root} has more than ${mostEntries} files: name a folder of its own`,
      )
    }
    for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      const found = await look(root, name, entry)
      if (found === 'folder') folders.push(name)
      else if (found !== undefined) files.push(found)
    }
  }
  return files
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((fault: unknown) => {
    throw asReadFault('rules folder', folder, fault)
  })
}

/** A folder, a file that matters, or undefined for what is none of the two. */
async function look(
  root: string,
  name: string,
  entry: Dirent,
): Promise<RulesFile | 'folder' | undefined> {
  if (entry.isDirectory()) return 'folder'
  const path = join(root, name)
  const isLink = entry.isSymbolicLink()
  if (!isLink && !matters(name)) return undefined
  // What Node reads of such a name does not lead to its file.
  if (name.includes('\uFFFD')) {
    throw refuse('check', `${root} has ${name}, whose name is not UTF-8: rename it`)
  }
  // What was there a moment ago, or a link of a mounted ConfigMap whose file is in it no more.
  const stats = await stat(path, { bigint: true }).catch((fault: unknown) => {
    const found = asReadFault('rules file', path, fault)
    if (found.fault === 'absent') return undefined
    throw found
  })
  if (stats === undefined) return undefined
  const isFolder = stats.isDirectory()
  if (!isFolder && !matters(name)) return undefined
  if (isLink && !(await isMounted(root, name))) {
    throw refuse(
      'check',
      `${root} has a link, ${name}, which is not followed: put what it leads to there itself`,
    )
  }
  if (isFolder) return 'folder'
  if (!stats.isFile()) throw refuse('archive', `${path} is not a regular file`)
  return { name, path, stats }
}

/** Whether it is a part of the rules, or is refused among them. */
function matters(name: string): boolean {
  return /\.(?:ya?ml|rego|wasm)$/i.test(name) || roleOf(name.toLowerCase(), 'rules') !== 'other'
}

/** Kubernetes mounts a ConfigMap as links into a folder, `..data`, that it swaps as a whole. */
async function isMounted(root: string, name: string): Promise<boolean> {
  if (name.includes('/')) return false
  const target = await readlink(join(root, name)).catch(() => '')
  return target.startsWith('..data/')
}

function refuse(fault: 'check' | 'archive', what: string): PolicySupplyError {
  return new PolicySupplyError(fault, `The rules cannot be used: ${what}`)
}

const mostEntries = 10_000
