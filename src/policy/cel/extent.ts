import { endOfString } from '../../wire/json-tree-scan.js'
import type { CelRoot } from './condition.js'
import { isCelList, isCelMap, type CelValue } from './engine.js'
import { isJsonText, type JsonText } from './json-text.js'
import { celValueOf, isArray, type JsonTree } from './json-values.js'
import { spend, spendReading } from './meter.js'
import type { RootTrees } from './root-trees.js'
import type { Extent } from './turns.js'

/** How much there is in these roots; they are looked through only where that is asked for. */
export function extentOf(trees: RootTrees, roots: ReadonlySet<CelRoot>): Extent {
  let known: Size | undefined
  const whole = (): Size =>
    (known ??= sizeOfAll([...roots].map((root) => trees.tree(root) ?? null)))
  return {
    sizeAt: (root, fields) => {
      const tree = trees.tree(root)
      return tree === undefined ? 0 : sizeOf(fields.reduce(memberOf, celValueOf(tree)))
    },
    largest: () => whole().largest,
    nodes: () => whole().nodes,
  }
}

interface Size {
  /** Parts all told. */
  readonly nodes: number
  /** Items or members of the largest array or object. */
  readonly largest: number
}

function memberOf(value: CelValue, field: string): CelValue {
  return (isCelMap(value) ? value.get(field) : undefined) ?? null
}

function sizeOf(value: CelValue): number {
  return isCelList(value) || isCelMap(value) ? value.size : 0
}

function sizeOfAll(parts: readonly JsonTree[]): Size {
  spend(parts.length / 4)
  let [nodes, largest] = [parts.length, parts.length]
  for (const part of parts) {
    const size = sizeOfTree(part)
    nodes += size.nodes
    largest = Math.max(largest, size.largest)
  }
  return { nodes, largest }
}

function sizeOfTree(tree: JsonTree): Size {
  if (typeof tree !== 'object' || tree === null) return { nodes: 0, largest: 0 }
  if (isJsonText(tree)) return sizeOfText(tree)
  return sizeOfAll(isArray(tree) ? tree : Object.values(tree))
}

function sizeOfText({ text, start, end }: JsonText): Size {
  spendReading((end - start) * 4)
  const open: number[] = []
  let [nodes, largest, parts] = [1, 0, 0]
  for (let at = start; at < end; at += 1) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at) - 1
        break
      case '[':
      case '{':
        open.push(parts)
        parts = 1
        break
      case ',':
        parts += 1
        break
      case ']':
      case '}':
        nodes += parts
        largest = Math.max(largest, parts)
        parts = open.pop() ?? 0
        break
      case undefined:
      default:
    }
  }
  return { nodes, largest }
}
