import { isRegoArray } from '../rego-text.js'
import type { RegoArray, RegoObject, RegoValue } from '../rego-value.js'
import type { Builtins, Charge } from './builtin.js'
import { handlingCost, inLargerSums } from './handling-cost.js'
import { readPath } from './json-patch-path.js'
import {
  closed,
  insert,
  isEqual,
  isOpen,
  opened,
  remove,
  stepInto,
  type OpenPart,
  type Part,
} from './json-patch-tree.js'
import { isRegoObject, memberOf } from './json-value.js'
import { asText } from './operands.js'

export const jsonPatch: Builtins = {
  'json.patch': {
    cost: (bytes, [, operations]) =>
      20_000 + handlingCost(bytes) + (isRegoArray(operations) ? operations.length * 3_000 : 0),
    call([document, operations], _moment, charge) {
      if (document === undefined || !isRegoArray(operations)) return undefined
      const tree: Tree = { root: document, charge: inLargerSums(charge) }
      const isApplied = operations.every((operation) => apply(tree, operation))
      return isApplied && tree.root !== undefined ? closed(tree.root, tree.charge) : undefined
    },
  },
}

/** The document, or nothing once it is removed. */
interface Tree {
  root: Part | undefined
  readonly charge: Charge
}

/** One operation of RFC 6902; false where it cannot be done. */
function apply(tree: Tree, operation: RegoValue): boolean {
  if (!isRegoObject(operation)) return false
  const path = readPath(memberOf(operation, 'path'))
  if (path === undefined) return false
  const value = memberOf(operation, 'value')
  switch (asText(memberOf(operation, 'op')) ?? '') {
    case 'add':
      return value !== undefined && insertAt(tree, path, value)
    case 'remove':
      return removeAt(tree, path)
    case 'replace':
      return value !== undefined && removeAt(tree, path) && insertAt(tree, path, value)
    case 'test':
      return value !== undefined && isAt(tree, path, value)
    case 'copy':
      return take(tree, operation, path, () => true)
    case 'move':
      return take(tree, operation, path, (from) => removeAt(tree, from))
    default:
      return false
  }
}

function insertAt(tree: Tree, path: RegoArray, value: RegoValue): boolean {
  const last = path.at(-1)
  if (last === undefined) {
    tree.root = value
    return true
  }
  const within = openPartAt(tree, path.slice(0, -1))
  return within !== undefined && insert(within, last, value, tree.charge)
}

function removeAt(tree: Tree, path: RegoArray): boolean {
  const last = path.at(-1)
  if (last === undefined) {
    const wasThere = tree.root !== undefined
    tree.root = undefined
    return wasThere
  }
  const within = openPartAt(tree, path.slice(0, -1))
  return within !== undefined && remove(within, last, tree.charge)
}

function openPartAt(tree: Tree, path: RegoArray): OpenPart | undefined {
  const part = partAt(tree, path)
  return part !== undefined && isOpen(part) ? part : undefined
}

function partAt(tree: Tree, path: RegoArray): Part | undefined {
  if (tree.root === undefined) return undefined
  tree.root = opened(tree.root)
  let part: Part | undefined = tree.root
  for (const step of path) {
    if (part === undefined || !isOpen(part)) return undefined
    part = stepInto(part, step, tree.charge)
  }
  return part
}

/** Puts what stands at `from` at the path as well. */
function take(
  tree: Tree,
  operation: RegoObject,
  path: RegoArray,
  leave: (from: RegoArray) => boolean,
): boolean {
  const from = readPath(memberOf(operation, 'from'))
  const part = from === undefined ? undefined : partAt(tree, from)
  const value = part === undefined ? undefined : closed(part, tree.charge)
  if (from === undefined || value === undefined) return false
  return leave(from) && insertAt(tree, path, value)
}

function isAt(tree: Tree, path: RegoArray, value: RegoValue): boolean {
  const part = partAt(tree, path)
  return part !== undefined && isEqual(part, value, tree.charge)
}
