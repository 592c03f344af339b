import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { unpackArchive } from './archive.js'
import { packArchive } from './archive-pack.js'
import { roleOf } from './layout.js'
import { readManifest } from './manifest.js'
import { createOpa, type Opa } from './opa.js'
import { openUnverified } from './open-bundle.js'
import { isForUsAlone, readSources, refuseSet, type Source } from './set-sources.js'

export interface BuildOptions {
  /** The policy set's folder. */
  readonly set: string
  /** The `opa` binary; without a slash it is looked for on PATH. It is run only where the set has Rego or YAML data. */
  readonly opa: string
  /** Wins over the revision in the set's `.manifest`; without either, the revision is a digest of the sources. */
  readonly revision?: string | undefined
  /** A capabilities file: what the policy may use of Rego. */
  readonly capabilities?: string | undefined
}

export interface BuiltBundle {
  readonly archive: Buffer
  /** None where the set has no Rego. */
  readonly entrypoints: readonly string[]
}

/**
 * Builds a policy set into a bundle. The same sources give the same bytes, whatever the folder, its
 * times and modes, because OPA runs inside the set and sees relative names only. Rules are packed as they are.
 * @throws PolicySupplyError `absent` (no such folder), `compile` (OPA's own words, with file and line) or `check`
 */
export async function buildBundle(options: BuildOptions): Promise<BuiltBundle> {
  const sources = await readSources(resolve(options.set))
  const revision = options.revision ?? defaultRevision(sources)
  const built = sources.some(isForOpa)
    ? await buildWithOpa(sources, { ...options, revision })
    : { archive: pack(sources, revision), entrypoints: [] }
  await recheck(built)
  return built
}

function isForOpa({ name }: Source): boolean {
  return isRego(name) || /^data\.ya?ml$/.test(basename(name))
}

function isRego(name: string): boolean {
  return name.endsWith('.rego')
}

async function buildWithOpa(
  sources: readonly Source[],
  options: BuildOptions,
): Promise<BuiltBundle> {
  const set = resolve(options.set)
  const { revision, capabilities } = options
  const limits = capabilities ? ['--capabilities', resolve(capabilities)] : []
  const opa = createOpa(options.opa, set)
  await opa.succeed('check', '--bundle', '.', ...noTests, ...limits)
  const hasRego = sources.some(({ name }) => isRego(name))
  const entrypoints = hasRego ? await entrypointsOf(sources, opa) : []
  const archive = await inTemporaryFolder(async (folder) => {
    const output = join(folder, 'bundle.tar.gz')
    await opa.succeed(
      ...['build', '--target', hasRego ? 'wasm' : 'rego', '--bundle', '.', '--output', output],
      ...[...noTests, ...limits],
      ...(revision === undefined ? [] : ['--revision', revision]),
      ...entrypoints.flatMap((entrypoint) => ['--entrypoint', entrypoint]),
    )
    return readFile(output)
  })
  return { archive: await withOurs(archive, sources), entrypoints }
}

/** OPA passes over what is neither Rego nor data. */
async function withOurs(archive: Buffer, sources: readonly Source[]): Promise<Buffer> {
  const ours = sources.filter(isForUsAlone)
  if (ours.length === 0) return archive
  const { files } = await unpackArchive(archive, defaultMaxBytes)
  return packArchive([...files, ...ours.map(({ name, text }) => [name, text] as const)])
}

/** What there is nothing to compile of. */
function pack(sources: readonly Source[], revision: string | undefined): Buffer {
  const isData = ({ name }: Source): boolean => basename(name) === 'data.json'
  if (!sources.some((source) => isData(source) || isRules(source))) {
    throw refuseSet(
      'has neither Rego nor rules nor data: write rules.yaml, begin with "portcullis policy new", or name another folder',
    )
  }
  const given = manifestOf(sources)
  // Rules need none, and OPA wants one; data without a word about it claim them all, as OPA has it.
  const roots = given['roots'] ?? (sources.some(isData) ? [''] : ['rules'])
  const manifest = { ...given, ...(revision === undefined ? {} : { revision }), roots }
  const files = sources.filter(({ name }) => name !== '.manifest')
  return packArchive([
    ['.manifest', Buffer.from(`${JSON.stringify(manifest)}\n`)],
    ...files.map(({ name, text }) => [name, text] as const),
  ])
}

function isRules({ name }: Source): boolean {
  return roleOf(name, 'bundle') === 'rules'
}

function manifestOf(sources: readonly Source[]): Record<string, unknown> {
  const text = sources.find(({ name }) => name === '.manifest')?.text
  return text === undefined ? {} : (JSON.parse(text.toString()) as Record<string, unknown>)
}

/** Which of the hooks the set defines, by OPA's own parser. */
async function entrypointsOf(sources: readonly Source[], opa: Opa): Promise<readonly string[]> {
  const defined = new Set<string>()
  for (const { name } of sources.filter((source) => isRego(source.name))) {
    const module = parsedModule.parse(
      JSON.parse(await opa.succeed('parse', '--format', 'json', `./${name}`)),
    )
    const steps = module.package.path.slice(1).map(({ value }) => value)
    for (const { head } of module.rules) {
      if (head.args === undefined) defined.add([...steps, head.ref[0].value].slice(0, 2).join('/'))
    }
  }
  const entrypoints = hooks.filter((hook) => defined.has(hook))
  const isEnough = sources.some(isRules) ? entrypoints.length > 0 : defined.has('mcp/pre')
  if (isEnough) return entrypoints
  throw refuseSet(
    'does not define mcp/pre, which judges every message. Write "package mcp" and a rule "pre", for example:\n' +
      'package mcp\n\ndefault pre := false\n\npre if input.kind in {"initialize", "ping"}',
  )
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

async function recheck({ archive, entrypoints }: BuiltBundle): Promise<void> {
  const bundle = await openUnverified(archive, defaultMaxBytes)
  const missing = entrypoints.filter((entrypoint) => !bundle.entrypoints.includes(entrypoint))
  if (missing.length === 0) return
  throw refuseSet(`was built without ${missing.join(', ')}: is your OPA older than 1.0?`)
}

const hooks = ['mcp/pre', 'mcp/post', 'mcp/list']
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
