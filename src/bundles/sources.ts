import { createDiskSource } from './disk-source.js'
import { createHttpSource } from './http-source.js'
import { createRulesSource } from './rules-source.js'
import type { BundleSource } from './source.js'

/** Where a bundle lies, as configuration says it. */
export type BundleLocation =
  | { readonly type: 'disk'; readonly path: string }
  /** A file or a folder of rules, without a bundle around them. */
  | { readonly type: 'rules'; readonly path: string }
  | {
      readonly type: 'http'
      readonly url: string
      /** 0: fetched only when asked to. */
      readonly pollSec: number
      /** How long the server may hold a request until there is a new bundle; 0: it is not asked to. */
      readonly longPollSec: number
      readonly token: string | undefined
      /** Certificate authorities instead of the usual ones, PEM. */
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
    case 'rules':
      return createRulesSource({ path: location.path, maxBytes: terms.maxBytes })
    case 'http':
      return createHttpSource({ ...location, ...terms })
  }
}
