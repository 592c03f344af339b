import { PolicySupplyError } from '../domain/errors.js'
import type { Bundle } from '../domain/bundle.js'
import { type DataFile, mergeData } from './data-document.js'
import { entryName } from './entry-name.js'
import { isInside, type Manifest, readManifest } from './manifest.js'

type Contents = Omit<Bundle, 'revision' | 'digest' | 'sizes'> & {
  /** As the manifest says; undefined where it says nothing. */
  readonly revision: string | undefined
}

/** Whether a file of the archive means anything to this build. */
export function isRead(name: string): boolean {
  return (
    nameOfFile(name).toLowerCase().endsWith('.manifest') ||
    name.toLowerCase().endsWith('.wasm') ||
    reservedNames.has(nameOfFile(name).toLowerCase()) ||
    isRules(name)
  )
}

/**
 * What the files of a bundle say, checked as a whole.
 * @throws PolicySupplyError `check`
 */
export function readContents(files: ReadonlyMap<string, Buffer>): Contents {
  for (const name of files.keys()) refuseUnhonoured(name)
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
  }
}

/** What is ignored silently could loosen the policy, so it is refused by name. */
function refuseUnhonoured(name: string): void {
  const file = nameOfFile(name)
  if (isRules(name)) {
    throw refuse(
      `has rules in ${name}, which this build does not honour: write them in Rego and leave the file out`,
    )
  }
  if (/^data\.ya?ml$/i.test(file)) {
    throw refuse(`has its data in ${name}: this build reads data.json only`)
  }
  if (file.toLowerCase() === 'patch.json') {
    throw refuse(`is a delta bundle (${name}): supply a whole bundle instead`)
  }
  if (file.toLowerCase().endsWith('.manifest') && name !== '.manifest') {
    throw refuse(`has ${name}: its one manifest is called .manifest and lies at the top`)
  }
  if (file !== file.toLowerCase() && reservedNames.has(file.toLowerCase())) {
    throw refuse(`has ${name}: write the file's name in lower case`)
  }
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

function moduleOf(files: ReadonlyMap<string, Buffer>, manifest: Manifest): Buffer {
  const present = [...files.keys()].filter((name) => name.toLowerCase().endsWith('.wasm'))
  const named = new Set(manifest.wasm.map(({ module }) => entryName(module)))
  if (named.size > 1 || present.length > 1) {
    throw refuse(
      `has more than one WebAssembly module (${[...new Set([...named, ...present])].join(', ')}): ` +
        'build one with all entrypoints',
    )
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

export function isRules(name: string): boolean {
  return /^(?:rules\.ya?ml|rules\/.+\.ya?ml)$/i.test(name)
}

function nameOfFile(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The bundle ${what}`)
}

const reservedNames = new Set(['data.json', 'data.yaml', 'data.yml', 'patch.json', 'policy.wasm'])
