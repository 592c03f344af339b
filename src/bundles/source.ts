/** Where bundles come from. It only fetches; the loader checks, compiles and activates. */
export interface BundleSource {
  /** For logs and records: a path, or an address without credentials and query. */
  readonly name: string
  /** @throws PolicySupplyError `absent` when there is nothing to be had, `archive` when what is there cannot be read */
  fetch(signal: AbortSignal): Promise<Fetched>
  /** The archive of the last `fetch` is in force. */
  accepted(): void
  /** Calls `onChange` whenever another fetch is worth while. */
  watch(onChange: () => void): void
  close(): Promise<void>
}

/** `unchanged`: it is still the archive that was accepted last. */
export type Fetched =
  { readonly type: 'archive'; readonly bytes: Buffer } | { readonly type: 'unchanged' }
