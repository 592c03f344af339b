import { createRouteTree, type RouteNode, type RouteTree } from './json-tree-route-tree.js'
import type { Route } from './json-tree-routes.js'

/**
 * How far routes have been followed to a place in a document. Equal states are the same object.
 */
export interface PathState<Facts> {
  readonly facts: Facts
  member(name: string): PathState<Facts>
  item(index: number): PathState<Facts>
  /** The state at the root of the document that the string here holds: it stands for the string. */
  document(): PathState<Facts>
}

/** The paths that concern a place, by their numbers. */
export interface Reached {
  /** They name the value that stands here. */
  readonly named: readonly number[]
  /** They name something inside it, or could. */
  readonly ahead: readonly number[]
}

/** The state at the root of the document. What follows from a state is worked out once. */
export function followRoutes<Facts>(
  routes: readonly Route[],
  factsOf: (reached: Reached) => Facts,
): PathState<Facts> {
  const states = new Map<string, PathState<Facts>>()
  const tree = createRouteTree(routes)
  return stateOf([tree.root])

  function stateOf(reached: readonly RouteNode[]): PathState<Facts> {
    const nodes = withSkipped(reached)
    const key = nodes.map(({ id }) => id).join()
    const known = states.get(key)
    if (known !== undefined) return known
    const created = createState(nodes, factsOf(reachedBy(nodes)), tree, stateOf)
    states.set(key, created)
    return created
  }
}

function createState<Facts>(
  nodes: readonly RouteNode[],
  facts: Facts,
  { itemsOf, insideOf }: RouteTree,
  stateOf: (nodes: readonly RouteNode[]) => PathState<Facts>,
): PathState<Facts> {
  // what the document calls its members is the sender's choice: only names that a path knows are kept apart
  const members = new Map<string, PathState<Facts>>()
  const items = new Map<number, PathState<Facts>>()
  let otherMember: PathState<Facts> | undefined
  let otherItem: PathState<Facts> | undefined
  let inside: PathState<Facts> | undefined
  const afterAnyItem = (node: RouteNode) => [node.isDeep ? node : itemsOf(node), ...some(node.any)]
  return {
    facts,
    member(name) {
      const known = members.get(name)
      if (known !== undefined) return known
      if (!nodes.some(({ keys }) => keys.has(name))) {
        return (otherMember ??= stateOf(nodes.flatMap(afterAnyMember)))
      }
      const state = stateOf(
        nodes.flatMap((node) => [...afterAnyMember(node), ...some(node.keys.get(name))]),
      )
      members.set(name, state)
      return state
    },
    item(index) {
      const known = items.get(index)
      if (known !== undefined) return known
      if (!nodes.some(({ indexes }) => indexes.has(index))) {
        return (otherItem ??= stateOf(nodes.flatMap(afterAnyItem)))
      }
      const state = stateOf(
        nodes.flatMap((node) => [...afterAnyItem(node), ...some(node.indexes.get(index))]),
      )
      items.set(index, state)
      return state
    },
    document() {
      return (inside ??= stateOf(nodes.flatMap((node) => [insideOf(node), ...some(node.document)])))
    },
  }
}

function afterAnyMember(node: RouteNode): readonly RouteNode[] {
  return node.isDeep ? [node, ...some(node.any)] : some(node.any)
}

function some<Item>(item: Item | undefined): readonly Item[] {
  return item === undefined ? [] : [item]
}

/** `**` may stand for no level at all, so what is behind it is reached as well. */
function withSkipped(reached: readonly RouteNode[]): readonly RouteNode[] {
  const all = new Map<number, RouteNode>()
  for (const first of reached) {
    let node: RouteNode | undefined = first
    while (node !== undefined) {
      all.set(node.id, node)
      node = node.deep
    }
  }
  return [...all.values()].sort((one, other) => one.id - other.id)
}

function reachedBy(nodes: readonly RouteNode[]): Reached {
  return {
    named: [...new Set(nodes.flatMap(({ ends }) => [...ends]))],
    ahead: [...new Set(nodes.flatMap(({ ahead }) => [...ahead]))],
  }
}
