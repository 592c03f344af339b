import { hash } from 'node:crypto'
import type { Call } from '../domain/call.js'

/**
 * Whether a call belongs to a share of all, from 0 to 1. A principal is in it with every call or with none, in every
 * process alike; anonymous calls go by their session or, without one, each by itself.
 */
export function createSample(share: number): (call: Call) => boolean {
  if (share >= 1) return () => true
  if (share <= 0) return () => false
  return ({ id, principal, session }) => placeOf(principal.id || session?.id || id) < share
}

/** Where a name stands between 0 and 1, spread evenly. */
function placeOf(name: string): number {
  return hash('sha256', name, 'buffer').readUInt32BE(0) / 2 ** 32
}
