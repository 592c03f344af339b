import type { FieldStep } from '../domain/field-path.js'
import { copies, type Route } from './json-tree-routes.js'

/** Before a step of all routes that began alike. */
export interface RouteNode {
  readonly id: number
  readonly keys: Map<string, RouteNode>
  readonly indexes: Map<number, RouteNode>
  any: RouteNode | undefined
  deep: RouteNode | undefined
  /** At the root of the document that a string here holds. */
  document: RouteNode | undefined
  /** The step before it is `**`: it stays reached on every level below. */
  readonly isDeep: boolean
  /** Paths that end here. */
  readonly ends: number[]
  /** Paths that name something below. */
  readonly ahead: number[]
}

/** Routes that begin alike are one, so that few nodes are reached at a place however many paths there are. */
export interface RouteTree {
  readonly root: RouteNode
  /** What of a node stays reached in the items of an array: only keys look through arrays. */
  readonly itemsOf: (node: RouteNode) => RouteNode
  /** What of a node stays reached inside a string. */
  readonly insideOf: (node: RouteNode) => RouteNode
}

export function createRouteTree(routes: readonly Route[]): RouteTree {
  let nodes = 0
  const nodeOf = (isDeep: boolean): RouteNode => ({
    id: nodes++,
    keys: new Map(),
    indexes: new Map(),
    any: undefined,
    deep: undefined,
    document: undefined,
    isDeep,
    ends: [],
    ahead: [],
  })
  const root = nodeOf(false)
  const copy = nodeOf(false)
  for (const { from, steps, path } of routes) {
    if (from === 'copy') leadToCopy(path)
    add(from === 'copy' ? copy : root, steps, path)
  }
  return {
    root,
    itemsOf: remembered(({ keys }) => {
      const ahead = new Set([...keys.values()].flatMap((below) => [...below.ends, ...below.ahead]))
      return { ...nodeOf(false), keys, ahead: [...ahead] }
    }),
    insideOf: remembered((node) =>
      node.isDeep || node.ends.length === 0 ? node : { ...node, id: nodes++, ends: [] },
    ),
  }

  function leadToCopy(path: number): void {
    for (const keys of copies) {
      let node = root
      for (const name of keys) {
        note(node.ahead, path)
        node = put(node.keys, name)
      }
      note(node.ahead, path)
      node.document = copy
    }
  }

  function add(from: RouteNode, steps: readonly FieldStep[], path: number): void {
    let node = from
    for (const step of steps) {
      note(node.ahead, path)
      node = after(node, step)
    }
    note(node.ends, path)
    if (node.isDeep) note(node.ahead, path)
  }

  function after(node: RouteNode, step: FieldStep): RouteNode {
    switch (step.type) {
      case 'key':
        return put(node.keys, step.name)
      case 'index':
        return put(node.indexes, step.index)
      case 'any':
        return (node.any ??= nodeOf(false))
      case 'deep':
        return (node.deep ??= nodeOf(true))
    }
  }

  function put<Name>(branches: Map<Name, RouteNode>, name: Name): RouteNode {
    const known = branches.get(name)
    if (known !== undefined) return known
    const created = nodeOf(false)
    branches.set(name, created)
    return created
  }
}

/** The routes of one path come one behind the other. */
function note(paths: number[], path: number): void {
  if (paths.at(-1) !== path) paths.push(path)
}

function remembered(view: (node: RouteNode) => RouteNode): (node: RouteNode) => RouteNode {
  const known = new Map<RouteNode, RouteNode>()
  return (node) => {
    const created = known.get(node) ?? view(node)
    known.set(node, created)
    // a view of a view is no other
    known.set(created, created)
    return created
  }
}
