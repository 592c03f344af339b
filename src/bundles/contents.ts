import { PolicySupplyError } from '../domain/errors.js'
import type { Bundle, BundleFile } from '../domain/bundle.js'
import { type DataFile, mergeData } from './data-document.js'
import { entryName } from './entry-name.js'
import { type Layout, type Role, roleOf, schemaName } from './layout.js'
import { isInside, type Manifest, readManifest } from './manifest.js'

type Contents = Omit<Bundle, 'revision' | 'digest' | 'signer' | 'sizes'> & {
  /** As the manifest says; undefined where it says nothing. */
  readonly revision: string | undefined
}

/**
 * What the files of a bundle say, checked as a whole.
 * @throws PolicySupplyError `check`
 */
export function readContents(files: ReadonlyMap<string, Buffer>, layout: Layout): Contents {
  if (layout === 'rules') return rulesAlone(files)
  const manifest = readManifest(files.get('.manifest'))
  const dataFiles: DataFile[] = [...files]
    .filter(([name]) => nameOfFile(name) === 'data.json')
    .map(([name, text]) => ({ folder: name.split('/').slice(0, -1), text }))
  return {
    revision: manifest.revision,
    roots: manifest.roots,
    metadata: manifest.metadata,
    entrypoints: entrypointsOf(manifest),
    wasm: moduleOf(files, manifest),
    data: mergeData(dataFiles, manifest.roots),
    ...policyFiles(files, 'bundle'),
  }
}

/** A folder of rules says nothing else. */
function rulesAlone(files: ReadonlyMap<string, Buffer>): Contents {
  return {
    ...{ revision: undefined, roots: [], metadata: {}, entrypoints: [], wasm: undefined },
    data: mergeData([], []),
    ...policyFiles(files, 'rules'),
  }
}

function policyFiles(
  files: ReadonlyMap<string, Buffer>,
  layout: Layout,
): Pick<Bundle, 'rules' | 'schemas' | 'cases'> {
  return {
    rules: filesOf(files, 'rules', layout),
    schemas: schemasOf(files, layout),
    cases: filesOf(files, 'case', layout),
  }
}

function filesOf(
  files: ReadonlyMap<string, Buffer>,
  role: Role,
  layout: Layout,
): readonly BundleFile[] {
  return [...files]
    .filter(([name]) => roleOf(name, layout) === role)
    .map(([name, text]) => ({ name, text }))
}

/** @throws PolicySupplyError `check` where two are of one tool */
function schemasOf(files: ReadonlyMap<string, Buffer>, layout: Layout): readonly BundleFile[] {
  const schemas = new Map<string, Buffer>()
  for (const { name, text } of filesOf(files, 'schema', layout)) {
    const short = schemaName(name)
    if (schemas.has(short)) throw refuse(`has two schemas of one tool, ${short}: keep one of them`)
    schemas.set(short, text)
  }
  return Array.from(schemas, ([name, text]) => ({ name, text }))
}

function entrypointsOf(manifest: Manifest): readonly string[] {
  const outside = manifest.wasm.find(({ entrypoint }) => !isInside(manifest.roots, entrypoint))
  if (outside !== undefined) {
    throw refuse(
      `has the entrypoint ${outside.entrypoint} outside the manifest's roots (${manifest.roots.join(', ')})`,
    )
  }
  return manifest.wasm.map(({ entrypoint }) => entrypoint)
}

function moduleOf(files: ReadonlyMap<string, Buffer>, manifest: Manifest): Buffer | undefined {
  const present = [...files.keys()].filter((name) => name.toLowerCase().endsWith('.wasm'))
  const named = new Set(manifest.wasm.map(({ module }) => entryName(module)))
  if (named.size > 1 || present.length > 1) {
    throw refuse(
      `has more than one WebAssembly module (${[...new Set([...named, ...present])].join(', ')}): ` +
        'build one with all entrypoints',
    )
  }
  if (named.size === 0 && present.length === 0) {
    refuseSource(files)
    return undefined
  }
  const [wanted = 'policy.wasm'] = named
  const module = files.get(wanted)
  if (module === undefined) {
    throw refuse(
      `has no ${wanted}: build it with "portcullis policy build" or "opa build -t wasm -e mcp/pre"`,
    )
  }
  if (module.subarray(0, 4).toString('latin1') !== '\0asm') {
    throw refuse(`has a ${wanted} that is not a WebAssembly module`)
  }
  return module
}

/** A policy that nobody compiled is no policy: it is not to be taken for a bundle of data alone. */
function refuseSource(files: ReadonlyMap<string, Buffer>): void {
  const source = [...files.keys()].find((name) => /\.rego$|(?:^|\/)plan\.(?:json|pb)$/i.test(name))
  if (source === undefined) return
  throw refuse(
    `has policy in ${source} and no policy.wasm: build it with "portcullis policy build" or "opa build -t wasm -e mcp/pre"`,
  )
}

function nameOfFile(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The bundle ${what}`)
}
