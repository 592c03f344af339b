import { createDiskSource } from './disk-source.js'
import { createHttpSource } from './http-source.js'
import type { BundleSource } from './source.js'

/** Where a bundle lies, as configuration says it. */
export type BundleLocation =
  | { readonly type: 'disk'; readonly path: string }
  | {
      readonly type: 'http'
      readonly url: string
      readonly pollSec: number
      readonly longPollSec: number
      readonly token: string | undefined
      readonly ca: string | undefined
    }

export interface SourceTerms {
  /** Largest archive. */
  readonly maxBytes: number
  /** Of the gateway, for the `User-Agent`. */
  readonly version: string
}

/** The one place that knows which kind of source belongs to which kind of location. */
export function createSource(location: BundleLocation, terms: SourceTerms): BundleSource {
  switch (location.type) {
    case 'disk':
      return createDiskSource({ path: location.path, maxBytes: terms.maxBytes })
    case 'http':
      return createHttpSource({ ...location, ...terms })
  }
}
