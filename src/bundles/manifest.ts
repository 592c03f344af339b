import { z } from 'zod'
import { PolicySupplyError } from '../domain/errors.js'
import { JsonFault, scanJson } from '../wire/json-text.js'

/** What a bundle says of itself in `.manifest`, names and roots without slashes at their ends. */
export interface Manifest {
  readonly revision: string | undefined
  readonly roots: readonly string[]
  readonly wasm: readonly { readonly entrypoint: string; readonly module: string }[]
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * Reads `.manifest`. Members that OPA may add one day are tolerated; a bundle without a manifest owns every root.
 * @throws PolicySupplyError `check`
 */
export function readManifest(text: Buffer | undefined): Manifest {
  if (text === undefined) return { revision: undefined, roots: [''], wasm: [], metadata: {} }
  if (text.length > maxBytes) {
    throw refuse(`it has ${text.length} bytes, over the limit of ${maxBytes}`)
  }
  const parsed = manifestSchema.safeParse(parseJson(text))
  if (!parsed.success) throw wrongMember(parsed.error)
  const { revision, roots, wasm, metadata } = parsed.data
  return {
    revision: checkedRevision(revision),
    roots: checkedRoots((roots ?? ['']).map(trimSlashes)),
    wasm: checkedEntrypoints(
      (wasm ?? []).map(({ entrypoint, module }) => ({
        entrypoint: trimSlashes(entrypoint),
        module,
      })),
    ),
    metadata: metadata ?? {},
  }
}

/** Whether a path of data or rules, such as `mcp/pre`, lies inside one of the roots. */
export function isInside(roots: readonly string[], path: string): boolean {
  return roots.some((root) => contains(root, path))
}

const manifestSchema = z.looseObject({
  revision: z.string().optional(),
  roots: z.array(z.string()).nullish(),
  wasm: z
    .array(z.looseObject({ entrypoint: z.string().min(1), module: z.string().min(1) }))
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

function wrongMember({ issues: [issue] }: z.ZodError): PolicySupplyError {
  return refuse(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`)
}

function parseJson(text: Buffer): unknown {
  try {
    scanJson(text)
    return JSON.parse(text.toString())
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw refuse(thrown.message)
    throw thrown
  }
}

function checkedRevision(revision: string | undefined): string | undefined {
  if (revision === undefined || revision === '') return undefined
  if (revision.length > maxRevisionLength) {
    throw refuse(`the revision is longer than ${maxRevisionLength} characters`)
  }
  // It is written to logs, metrics and refusals: a control character has no place there.
  if (/\p{C}/u.test(revision)) throw refuse('the revision has control characters in it')
  return revision
}

function checkedRoots(roots: readonly string[]): readonly string[] {
  if (roots.length > maxMembers) throw refuse(`it has more than ${maxMembers} roots`)
  for (const [index, root] of roots.entries()) {
    if (root !== '' && root.split('/').some((step) => step === '' || /^\.\.?$/.test(step))) {
      throw refuse(`"${root}" is not a root: write a path such as mcp/hr`)
    }
    const other = roots.find((other, at) => at !== index && contains(other, root))
    if (other !== undefined) throw refuse(`the roots "${other}" and "${root}" overlap`)
  }
  return roots
}

function checkedEntrypoints(wasm: Manifest['wasm']): Manifest['wasm'] {
  if (wasm.length > maxMembers) throw refuse(`it has more than ${maxMembers} entrypoints`)
  for (const [index, { entrypoint }] of wasm.entries()) {
    if (wasm.findIndex((other) => other.entrypoint === entrypoint) !== index) {
      throw refuse(`the entrypoint ${entrypoint} is named twice`)
    }
  }
  return wasm
}

function contains(root: string, path: string): boolean {
  return root === '' || path === root || path.startsWith(`${root}/`)
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+/, '').replace(/\/+$/, '')
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The bundle's .manifest cannot be used: ${what}`)
}

/** Roots and entrypoints are compared with each other. */
const maxMembers = 1000
const maxRevisionLength = 256
const maxBytes = 1024 * 1024
