import { createHash } from 'node:crypto'
import type { Bundle, BundleScope, Layer, VerificationKey } from '../domain/bundle.js'
import type { PolicySupplyError } from '../domain/errors.js'
import type { Layout } from './layout.js'
import type { BundleSource } from './source.js'

/** One of the bundles that configuration names, with what configuration says of it. */
export interface Member {
  readonly name: string
  readonly layer: Layer
  readonly scope: BundleScope
  readonly source: BundleSource
  readonly trust: Trust
}

/** What a member's archive has to show before it is believed, and how it is to be read. */
export interface Trust {
  readonly sha256: string | undefined
  readonly keys: readonly VerificationKey[]
  readonly requireSignature: boolean
  /** Left out: of a bundle. */
  readonly layout?: Layout
}

/** A bundle that is in force, or could be: verified, and not older than what was accepted before. */
export interface Offer {
  readonly member: Member
  readonly bundle: Bundle
  /** Of the source's last fetch; undefined where nobody has to keep it. */
  readonly archive: Buffer | undefined
  readonly origin: Origin
  /** Older than what was accepted last, which the operator allows. */
  readonly isOlder: boolean
}

/** `cache`: what was good last stands in for what the source gives, or does not give. */
export type Origin = 'source' | 'cache'

/** Why a member gives nothing that can be used. */
export interface MemberFault {
  readonly member: Member
  readonly error: PolicySupplyError
  /** Of the bundle that failed; '' where it was not read that far. */
  readonly revision: string
  readonly digest: string
}

export interface Identity {
  readonly revision: string
  readonly digest: string
}

/** What tells one set from another: one bundle's own revision and digest, or the hash of everything that a set is made of. */
export function identityOf(offers: readonly Offer[]): Identity {
  const [only] = offers
  if (only !== undefined && offers.length === 1) {
    return { revision: only.bundle.revision, digest: only.bundle.digest }
  }
  const parts = offers.map(({ member: { name, layer, scope }, bundle: { revision, digest } }) => [
    name,
    revision,
    digest,
    layer,
    scopeParts.map((part) => scope[part] ?? null),
  ])
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return { revision: digest.slice(0, shownDigits), digest }
}

const scopeParts = ['server', 'team', 'user', 'tool', 'kind'] as const
const shownDigits = 12
