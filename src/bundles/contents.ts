import { PolicySupplyError } from '../domain/errors.js'
import type { Bundle } from '../domain/bundle.js'
import { type DataFile, mergeData } from './data-document.js'
import { entryName } from './entry-name.js'
import { isInside, type Manifest, readManifest } from './manifest.js'
import { signaturesName } from './signatures-file.js'

type Contents = Omit<Bundle, 'revision' | 'digest' | 'signer' | 'sizes'> & {
  /** As the manifest says; undefined where it says nothing. */
  readonly revision: string | undefined
}

/**
 * Refuses files that this build does not honour: what is ignored silently could loosen the policy.
 * @throws PolicySupplyError `check`
 */
export function refuseNames(names: Iterable<string>): void {
  for (const name of names) refuseUnhonoured(name)
}

/**
 * What the files of a bundle say, checked as a whole.
 * @throws PolicySupplyError `check`
 */
export function readContents(files: ReadonlyMap<string, Buffer>): Contents {
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
    cases: [...files].filter(([name]) => isCase(name)).map(([name, text]) => ({ name, text })),
  }
}

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
  if (/\.manifest(?:\.pb)?$/i.test(file) && name !== '.manifest') {
    throw refuse(`has ${name}: its one manifest is called .manifest and lies at the top`)
  }
  if (file.toLowerCase() === signaturesName && name !== signaturesName) {
    throw refuse(`has ${name}: its one signature is called ${signaturesName} and lies at the top`)
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

/** Whether the file says what the policy is to decide. */
export function isCase(name: string): boolean {
  return /^cases\/.+\.ya?ml$/i.test(name)
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
