import { ObligationFault } from '../domain/obligation.js'
import type { HiddenPath, RedactionFacts } from './json-tree-redact-state.js'

/** What redactions found in a document. */
export interface RedactionCounts {
  /** For each redaction, how many places it named. */
  readonly places: readonly number[]
  /** A place that is edited. */
  saw(facts: RedactionFacts): void
  /** A place inside one that is edited. */
  sawInside(facts: RedactionFacts): void
  /** @throws ObligationFault for a path that named nothing and must */
  refuseMissing(root: string): void
}

export function createRedactionCounts(
  paths: readonly HiddenPath[],
  redactions: number,
): RedactionCounts {
  const places = new Array<number>(redactions).fill(0)
  const found = new Set<number>()

  function sawInside({ named }: RedactionFacts): void {
    for (const path of named) found.add(path)
  }

  return {
    places,
    saw(facts) {
      for (const owner of facts.owners) places[owner] = (places[owner] ?? 0) + 1
      sawInside(facts)
    },
    sawInside,
    refuseMissing(root) {
      const missing = paths.find(
        ({ redaction }, number) => redaction.onMissing === 'deny' && !found.has(number),
      )
      if (missing === undefined) return
      const { path, redaction } = missing
      throw new ObligationFault(
        `${redaction.name} ${path.source}: it names nothing in ${root}, and on_missing is deny`,
      )
    },
  }
}
