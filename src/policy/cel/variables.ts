import type { CelRoot } from './condition.js'
import { timestampAt, type CelInputValue, type Variables } from './engine.js'
import { celValueOf } from './json-values.js'
import type { RootTrees } from './root-trees.js'
import { rootShapes } from './roots.js'

/** The roots as the library looks them up, each made when it is asked for. */
export function variablesOf(trees: RootTrees, time: number): Variables {
  return new RootVariables(trees, time) as unknown as Variables
}

/** One is made for each decision; a class is what takes least. */
class RootVariables {
  readonly #trees: RootTrees
  readonly #time: number
  readonly #made = new Map<CelRoot, CelInputValue | undefined>()

  static valueOf(variables: RootVariables, root: CelRoot): CelInputValue | undefined {
    const made = variables.#made
    const known = made.get(root)
    if (known !== undefined || made.has(root)) return known
    const tree = root === 'time' ? undefined : variables.#trees.tree(root)
    const value =
      root === 'time'
        ? timestampAt(variables.#time)
        : tree === undefined
          ? undefined
          : celValueOf(tree)
    made.set(root, value)
    return value
  }

  constructor(trees: RootTrees, time: number) {
    this.#trees = trees
    this.#time = time
  }
}

const { prototype } = RootVariables
// Names are looked up in it: it has none but the roots.
Reflect.deleteProperty(prototype, 'constructor')
Object.setPrototypeOf(prototype, null)
for (const root of Object.keys(rootShapes) as CelRoot[]) {
  Object.defineProperty(prototype, root, {
    get(this: RootVariables) {
      return RootVariables.valueOf(this, root)
    },
  })
}
