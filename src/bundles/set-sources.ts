import type { Dirent } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { PolicySupplyError } from '../domain/errors.js'
import { JsonFault } from '../wire/json-fault.js'
import { scanJson } from '../wire/json-text.js'
import { leftOut, misplaced, roleOf } from './layout.js'
import { readManifest } from './manifest.js'

/** A file of a policy set that goes into its bundle. */
export interface Source {
  /** Relative to the set, with slashes. */
  readonly name: string
  readonly text: Buffer
}

/**
 * What goes into the bundle: Rego, rules, data, schemas, cases and the manifest, without tests and links; by name.
 * @throws PolicySupplyError `absent` (no such folder) or `check`
 */
export async function readSources(set: string): Promise<readonly Source[]> {
  const files = (await entriesOf(set))
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => ({ name: nameIn(set, entry), isLink: entry.isSymbolicLink() }))
    .filter(({ name }) => isSource(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { name, isLink } of files) {
    if (isLink) {
      throw refuseSet(`has a link, ${name}, which is passed over: put the file itself there`)
    }
    const fault = misplaced(name) ?? leftOut(name)
    if (fault !== undefined) throw refuseSet(fault)
  }
  const sources = files.map(async ({ name }) => ({ name, text: await readFile(join(set, name)) }))
  const read = (await Promise.all(sources)).map(checkedSource)
  checkManifest(read)
  return read
}

export function refuseSet(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The policy set ${what}`)
}

/** OPA passes over it. */
export function isForUsAlone({ name }: Source): boolean {
  return roleOf(name, 'bundle') !== 'other'
}

function entriesOf(set: string): Promise<readonly Dirent[]> {
  return readdir(set, { recursive: true, withFileTypes: true }).catch((fault: unknown) => {
    throw new PolicySupplyError('absent', `There is no policy set at ${set}: name its folder`, {
      cause: fault,
    })
  })
}

function nameIn(set: string, entry: Dirent): string {
  return relative(set, join(entry.parentPath, entry.name)).split(sep).join('/')
}

function isSource(name: string): boolean {
  const file = basename(name)
  if (file.endsWith('.rego')) return !file.endsWith('_test.rego')
  if (name === '.manifest' || /^data\.(?:json|ya?ml)$/.test(file)) return true
  // What is hidden belongs to other tools.
  const isHidden = /(?:^|\/)\./.test(name)
  const isFaulty = (misplaced(name) ?? leftOut(name)) !== undefined
  return !isHidden && (roleOf(name, 'bundle') !== 'other' || isFaulty)
}

/** OPA takes the last of two equal keys without a word. */
function checkedSource(source: Source): Source {
  if (basename(source.name) !== 'data.json') return source
  try {
    scanJson(source.text)
    return source
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw refuseSet(`has ${source.name}: ${thrown.message}`)
    throw thrown
  }
}

/** OPA passes over keys that it does not know, and words its faults without the file. */
function checkManifest(sources: readonly Source[]): void {
  const text = sources.find(({ name }) => name === '.manifest')?.text
  readManifest(text)
  const keys = text === undefined ? [] : Object.keys(JSON.parse(text.toString()) as object)
  const unknown = keys.find((key) => !manifestKeys.includes(key))
  if (unknown === undefined) return
  throw refuseSet(
    `has ${JSON.stringify(unknown)} in its .manifest, which nothing reads: give ${manifestKeys.join(', ')}`,
  )
}

const manifestKeys: readonly string[] = [
  ...['revision', 'roots', 'metadata', 'wasm', 'rego_version', 'file_rego_versions'],
]
