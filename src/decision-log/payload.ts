import type { Payload } from '../domain/payload.js'
import { canonicalDigest } from '../wire/canonical.js'

/** Too long to be digested before the call is forwarded: its digests stand in the outcome line. */
export function isLong({ span }: Payload): boolean {
  return span !== undefined && span.end - span.start > longBytes
}

export function digestOf({ text, span }: Payload): string {
  return span === undefined ? canonicalDigest(undefined) : canonicalDigest(text, span)
}

const longBytes = 16 * 1024
