import { outcomeMember, type HeardResult } from './hear.js'

/**
 * How long, and for whom, a merged result of the modern era may be kept: no longer than the shortest-lived of its parts,
 * and not at all where one is missing that may be there the next time.
 */
export function cacheHints(results: readonly HeardResult[], isPartial: boolean) {
  const lives = results.map(({ message }) => {
    const ttlMs = outcomeMember(message, 'ttlMs')
    return typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0
  })
  const isPublic = results.every(({ message }) => outcomeMember(message, 'cacheScope') === 'public')
  return {
    ttlMs: isPartial || lives.length === 0 ? 0 : Math.min(...lives),
    cacheScope: isPublic ? 'public' : 'private',
  }
}
