import { outcomeOf, type HeardResult } from './hear.js'

/**
 * How long, and for whom, a merged result of the modern era may be kept: no longer than the shortest-lived of its parts,
 * and not at all where one is missing that may be there the next time.
 */
export function cacheHints(results: readonly HeardResult[], isPartial: boolean) {
  const parts = results.map(({ message }) => outcomeOf(message))
  const lives = parts.map(({ ttlMs }) => (typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0))
  const isPublic = parts.every(({ cacheScope }) => cacheScope === 'public')
  return {
    ttlMs: isPartial ? 0 : Math.min(...lives),
    cacheScope: isPublic ? 'public' : 'private',
  }
}
