import type { Bundle, BundleFile } from './domain/bundle.js'
import type { SupplyFault } from './domain/errors.js'
import type { BundleTerms } from './bundles/open-bundle.js'
import type { PolicyLimits, PreparedPolicy } from './policy/prepare.js'

/** What the supply thread is asked for, one at a time. */
export type Job = OpenJob | PrepareJob

export interface OpenJob {
  readonly type: 'open'
  readonly archive: Uint8Array
  readonly terms: BundleTerms
  /** SHA-256 of an archive that need not be opened. */
  readonly known: string | undefined
}

export interface PrepareJob {
  readonly type: 'prepare'
  /** Undefined where the bundle has rules alone. */
  readonly wasm: Uint8Array | undefined
  readonly entrypoints: readonly string[]
  readonly data: Uint8Array
  /** Data of other bundles that comes beside it. */
  readonly mounted: readonly Uint8Array[]
  readonly rules: readonly SharedFile[]
  readonly schemas: readonly SharedFile[]
  readonly cases: readonly SharedFile[]
  readonly limits: PolicyLimits
}

/** What comes back: the same shapes, but a Buffer arrives as a Uint8Array. */
export type JobResult =
  | {
      readonly type: 'opened'
      readonly digest: string
      readonly archive: Uint8Array
      readonly result:
        | { readonly type: 'bundle'; readonly bundle: SharedBundle }
        | { readonly type: 'known' }
        | { readonly type: 'refused'; readonly error: Refusal }
    }
  | { readonly type: 'prepared'; readonly prepared: PreparedPolicy }
  | { readonly type: 'refused'; readonly error: Refusal }
  /** What nobody thought of. */
  | { readonly type: 'broken'; readonly error: unknown }

/** Its large parts lie in memory that both threads see, so that neither ever copies them for the other. */
export type SharedBundle = Omit<Bundle, 'wasm' | 'data' | FileMember> & {
  readonly wasm: Uint8Array | undefined
  readonly data: Uint8Array
} & Readonly<Record<FileMember, readonly SharedFile[]>>

type FileMember = 'rules' | 'schemas' | 'cases'

export interface SharedFile {
  readonly name: string
  readonly text: Uint8Array
}

/** A `PolicySupplyError` on its way: errors lose their class when they are posted. */
export interface Refusal {
  readonly fault: SupplyFault
  readonly message: string
  readonly cause: string | undefined
}

/** The same memory as a Buffer, which it was before it was posted. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

export function asFiles(files: readonly SharedFile[]): readonly BundleFile[] {
  return files.map(({ name, text }) => ({ name, text: asBuffer(text) }))
}
