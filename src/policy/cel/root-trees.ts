import type { CelRoot } from './condition.js'
import type { JsonTree } from './json-values.js'

/** The roots but `time`, as JSON. */
export interface RootTrees {
  /** Undefined where the message has none. The same tree each time. */
  tree(root: CelRoot): JsonTree | undefined
}
