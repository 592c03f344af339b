import { printRego } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import type { Builtins } from './builtin.js'
import { canonicalText } from './canonical-text.js'
import { handlingCost, inLargerSums } from './handling-cost.js'
import { isRegoObject } from './json-value.js'
import { membersOf } from './operands.js'

export const graph: Builtins = {
  'graph.reachable_paths': {
    cost: (bytes) => 20_000 + handlingCost(bytes) * 2,
    call([first, second], _moment, charge) {
      const start = startOf(first, second)
      if (start === undefined) return undefined
      const paths = new Map<string, readonly number[]>()
      // How many paths there are cannot be told but by walking them: a few nodes may have millions.
      const sum = inLargerSums(charge)
      const spend = (steps: number): void => {
        sum(steps * stepNs)
      }
      walkAll(start, spend, (path) => {
        for (const node of path) spend(start.lengths[node] ?? 0)
        paths.set(path.join(), [...path])
      })
      const members = Array.from(paths.values(), (path) =>
        path.map((node) => start.values[node] ?? null),
      )
      return { type: 'set', members }
    },
  },
}

const stepNs = 600

/** The arguments, each value in them being a number: equal values the same one. */
interface Start {
  readonly values: readonly RegoValue[]
  /** What it takes to write each of them, in steps. */
  readonly lengths: readonly number[]
  /** Where the edges of each node lead; undefined where it is none of the graph's. */
  readonly edges: readonly (readonly number[] | undefined)[]
  readonly nodes: readonly number[]
}

function startOf(graph: RegoValue | undefined, initial: RegoValue | undefined): Start | undefined {
  const nodes = membersOf(initial)
  if (!isRegoObject(graph) || nodes === undefined) return undefined
  const values: RegoValue[] = []
  const numbers = new Map<string, number>()
  const numberOf = (value: RegoValue): number => {
    const text = canonicalText(value)
    const number = numbers.get(text) ?? values.push(value) - 1
    numbers.set(text, number)
    return number
  }
  const edges: (readonly number[] | undefined)[] = []
  for (const [node, ends] of graph.entries) {
    edges[numberOf(node)] = (membersOf(ends) ?? []).map(numberOf)
  }
  const reached = nodes.map(numberOf)
  const lengths = values.map((value) => 1 + printRego(value).length / 30)
  return { values, lengths, edges, nodes: reached }
}

/** @param spend is told each step, `find` each path that ends */
function walkAll({ edges, nodes }: Start, spend: (steps: number) => void, find: Find): void {
  for (const node of nodes) {
    const ends = edges[node]
    spend(1)
    if (ends?.length === 0) find([node])
    else if (ends !== undefined) walk(edges, node, ends, spend, find)
  }
}

type Find = (path: readonly number[]) => void

/** A path ends where no edge leads on, before what is no node, and before a node that it has passed: its own start only later. */
function walk(
  edges: Start['edges'],
  node: number,
  ends: readonly number[],
  spend: (steps: number) => void,
  find: Find,
): void {
  const path = [node]
  const open = [{ ends, next: 0, passed: -1 }]
  const passed = new Set(path)
  for (let here = open.at(-1); here !== undefined; here = open.at(-1)) {
    const neighbor = here.ends[here.next]
    here.next += 1
    spend(1)
    if (neighbor === undefined) {
      passed.delete(here.passed)
      open.pop()
      path.pop()
      continue
    }
    const isNew = !passed.has(neighbor)
    const onward = isNew || open.length === 1 ? edges[neighbor] : undefined
    if (onward !== undefined && onward.length > 0) {
      path.push(neighbor)
      passed.add(neighbor)
      open.push({ ends: onward, next: 0, passed: isNew ? neighbor : -1 })
    } else find(onward === undefined ? path : [...path, neighbor])
  }
}
