/** A bundle as it was unpacked and checked: nothing in it was compiled yet. */
export interface Bundle {
  /** The manifest's revision, else the first 12 hex digits of the digest. */
  readonly revision: string
  /** SHA-256 of the archive, 64 hex digits. */
  readonly digest: string
  readonly roots: readonly string[]
  readonly wasm: Buffer
  /** Entrypoints that the manifest names, such as `mcp/pre`. */
  readonly entrypoints: readonly string[]
  /** The text of the merged data document. */
  readonly data: Buffer
  readonly metadata: Readonly<Record<string, unknown>>
  readonly sizes: { readonly archive: number; readonly unpacked: number; readonly entries: number }
}
