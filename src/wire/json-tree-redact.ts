import { couldReach } from './json-tree-spelling.js'
import { routesOf } from './json-tree-routes.js'
import { createRedactionCounts } from './json-tree-redact-counts.js'
import { followRedactions, type Redaction } from './json-tree-redact-state.js'
import { createRedactionWalk } from './json-tree-redact-walk.js'
import { wrapsText } from './wrapped-text.js'

export type { Redaction } from './json-tree-redact-state.js'

export interface Redacted {
  readonly text: string
  /** For each redaction, how many places it named. */
  readonly places: readonly number[]
}

/**
 * Carries out redactions on a valid JSON text in one walk, in JSON inside strings too. What one removes is removed; of
 * several masks on one place the one that shows least stands. The rest keeps its spelling; of JSON inside strings only
 * the outermost literal is spelled anew. Anchored paths count from the root of the text.
 * @param root what the text is: results alone have content that may be unreadable
 * @throws ObligationFault where a redaction denies what it cannot look into, or a path that names nothing
 */
export function redact(
  source: string,
  redactions: readonly Redaction[],
  root: 'args' | 'params' | 'response',
): Redacted {
  const paths = redactions.flatMap((redaction, owner) =>
    redaction.paths.map((path) => ({ path, redaction, owner })),
  )
  const routes = paths.flatMap(({ path }, number) => routesOf(path, number))
  const counts = createRedactionCounts(paths, redactions.length)
  const { places } = counts
  if (redactions.every(isLenient) && !couldReach(source, routes)) return { text: source, places }
  const content = root !== 'response' ? 'none' : wrapsText(source) ? 'wrapped' : 'plain'
  const state = followRedactions(paths, routes, content)
  const text = createRedactionWalk(counts).edit(source, state)
  counts.refuseMissing(root)
  return { text, places }
}

function isLenient({ onUnreadable, onMissing }: Redaction): boolean {
  return onUnreadable === 'pass' && onMissing === 'pass'
}
