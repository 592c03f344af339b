import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { PolicySupplyError } from '../domain/errors.js'
import { JsonFault } from '../wire/json-fault.js'
import { scanJson } from '../wire/json-text.js'
import { isCase, isRules } from './contents.js'
import { readManifest } from './manifest.js'
import { unpackArchive } from './archive.js'
import { packArchive } from './archive-pack.js'
import { openUnverified } from './open-bundle.js'
import { createOpa, type Opa } from './opa.js'

export interface BuildOptions {
  /** The policy set's folder. */
  readonly set: string
  /** The `opa` binary; without a slash it is looked for on PATH. */
  readonly opa: string
  /** Wins over the revision in the set's `.manifest`; without either, the revision is a digest of the sources. */
  readonly revision?: string | undefined
  /** A capabilities file: what the policy may use of Rego. */
  readonly capabilities?: string | undefined
}

/**
 * Builds a policy set into a bundle. The same sources give the same bytes, whatever the folder, its
 * times and modes, because OPA runs inside the set and sees relative names only.
 * @throws PolicySupplyError `absent` (no such folder), `compile` (OPA's own words, with file and line) or `check`
 */
export async function buildBundle(
  options: BuildOptions,
): Promise<{ readonly archive: Buffer; readonly entrypoints: readonly string[] }> {
  const set = resolve(options.set)
  const sources = await sourcesOf(set)
  checkManifest(sources)
  const limits = options.capabilities ? ['--capabilities', resolve(options.capabilities)] : []
  const opa = createOpa(options.opa, set)
  await opa.succeed('check', '--bundle', '.', ...noTests, ...limits)
  const isData = hasDataOnly(sources)
  const entrypoints = isData ? [] : await entrypointsOf(sources, opa)
  const archive = await inTemporaryFolder(async (folder) => {
    const output = join(folder, 'bundle.tar.gz')
    const revision = options.revision ?? defaultRevision(sources)
    await opa.succeed(
      ...['build', '--target', isData ? 'rego' : 'wasm', '--bundle', '.', '--output', output],
      ...[...noTests, ...limits],
      ...(revision === undefined ? [] : ['--revision', revision]),
      ...entrypoints.flatMap((entrypoint) => ['--entrypoint', entrypoint]),
    )
    return readFile(output)
  })
  const whole = await withCases(archive, sources)
  await recheck(whole, entrypoints)
  return { archive: whole, entrypoints }
}

/** OPA passes over what is neither Rego nor data. */
async function withCases(archive: Buffer, sources: readonly Source[]): Promise<Buffer> {
  const cases = sources.filter(({ name }) => isCase(name))
  if (cases.length === 0) return archive
  const { files } = await unpackArchive(archive, defaultMaxBytes)
  return packArchive([...files, ...cases.map(({ name, text }) => [name, text] as const)])
}

interface Source {
  /** Relative to the set, with slashes. */
  readonly name: string
  readonly text: Buffer
}

/** What goes into the bundle: Rego, data, the manifest and cases, without tests and links. */
async function sourcesOf(set: string): Promise<readonly Source[]> {
  const entries = await readdir(set, { recursive: true, withFileTypes: true }).catch(
    (fault: unknown) => {
      throw new PolicySupplyError('absent', `There is no policy set at ${set}: name its folder`, {
        cause: fault,
      })
    },
  )
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => ({ name: nameIn(set, entry), isLink: entry.isSymbolicLink() }))
    .filter(({ name }) => isSource(name) || isCase(name) || isRules(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { name, isLink } of files) {
    if (isLink)
      throw refuse(`has a link, ${name}, which OPA passes over: put the file itself there`)
    if (!isRules(name)) continue
    throw refuse(`has rules in ${name}, which this build does not honour: write them in Rego`)
  }
  const sources = files.map(async ({ name }) => ({ name, text: await readFile(join(set, name)) }))
  return (await Promise.all(sources)).map(checkedSource)
}

function nameIn(set: string, entry: Dirent): string {
  return relative(set, join(entry.parentPath, entry.name)).split(sep).join('/')
}

function isSource(name: string): boolean {
  const file = basename(name)
  if (file.endsWith('.rego')) return !file.endsWith('_test.rego')
  return name === '.manifest' || /^data\.(?:json|ya?ml)$/.test(file)
}

/** OPA takes the last of two equal keys without a word. */
function checkedSource(source: Source): Source {
  if (basename(source.name) !== 'data.json') return source
  try {
    scanJson(source.text)
    return source
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw refuse(`has ${source.name}: ${thrown.message}`)
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
  throw refuse(
    `has ${JSON.stringify(unknown)} in its .manifest, which nothing reads: give ${manifestKeys.join(', ')}`,
  )
}

/** Such a set brings data to the policies of others. */
function hasDataOnly(sources: readonly Source[]): boolean {
  const isRego = ({ name }: Source): boolean => name.endsWith('.rego')
  return !sources.some(isRego) && sources.some(({ name }) => /^data\./.test(basename(name)))
}

/** Which of the hooks the set defines, by OPA's own parser. */
async function entrypointsOf(sources: readonly Source[], opa: Opa): Promise<readonly string[]> {
  const defined = new Set<string>()
  for (const { name } of sources.filter((source) => source.name.endsWith('.rego'))) {
    const module = parsedModule.parse(
      JSON.parse(await opa.succeed('parse', '--format', 'json', `./${name}`)),
    )
    const steps = module.package.path.slice(1).map(({ value }) => value)
    for (const { head } of module.rules) {
      if (head.args === undefined) defined.add([...steps, head.ref[0].value].slice(0, 2).join('/'))
    }
  }
  if (!defined.has('mcp/pre')) {
    throw refuse(
      'does not define mcp/pre, which judges every message. Write "package mcp" and a rule "pre", for example:\n' +
        'package mcp\n\ndefault pre := false\n\npre if input.kind in {"initialize", "ping"}',
    )
  }
  return hooks.filter((hook) => defined.has(hook))
}

function defaultRevision(sources: readonly Source[]): string | undefined {
  const manifest = sources.find(({ name }) => name === '.manifest')
  if (readManifest(manifest?.text).revision !== undefined) return undefined
  const hash = createHash('sha256')
  for (const { name, text } of sources) hash.update(`${name}\0${text.length}\0`).update(text)
  return hash.digest('hex').slice(0, 12)
}

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-build-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a gateway takes that was not told otherwise (`POLICY_BUNDLE_MAX_BYTES`). */
const defaultMaxBytes = 64 * 1024 * 1024

async function recheck(archive: Buffer, entrypoints: readonly string[]): Promise<void> {
  const bundle = await openUnverified(archive, defaultMaxBytes)
  const missing = entrypoints.filter((entrypoint) => !bundle.entrypoints.includes(entrypoint))
  if (missing.length === 0) return
  throw refuse(`was built without ${missing.join(', ')}: is your OPA older than 1.0?`)
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The policy set ${what}`)
}

const hooks = ['mcp/pre', 'mcp/post', 'mcp/list']
const manifestKeys: readonly string[] = [
  ...['revision', 'roots', 'metadata', 'wasm', 'rego_version', 'file_rego_versions'],
]
const noTests = ['--ignore', '*_test.rego']
const parsedModule = z.object({
  package: z.object({ path: z.array(z.object({ value: z.string() })) }),
  rules: z
    .array(
      z.object({
        head: z.object({
          args: z.array(z.unknown()).optional(),
          ref: z.tuple([z.object({ value: z.string() })], z.unknown()),
        }),
      }),
    )
    .default([]),
})
