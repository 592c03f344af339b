import {
  ObligationFault,
  type OperationsPatch,
  type PatchOperation,
  type WritableRoot,
} from '../domain/obligation.js'
import {
  insertAt,
  removeAt,
  replaceAt,
  valueAt,
  verbatim,
  type JsonNode,
} from '../wire/json-tree.js'
import { isSameJson } from '../wire/json-tree-equal.js'
import { checkShape, written } from './oblige-root.js'
import type { Edited } from './oblige.js'

/**
 * Applies RFC 6902 operations to the text of the root, one after the other.
 * @throws ObligationFault where one does not apply, a `test` that fails included
 */
export function applyOperations(
  source: string,
  { operations }: OperationsPatch,
  root: WritableRoot,
): Edited {
  let node: JsonNode = verbatim(source)
  for (const operation of operations) node = applyOperation(node, operation, root)
  checkShape(node, root)
  return {
    text: written(node),
    places: operations.filter(({ op }) => op !== 'test').length,
  }
}

function applyOperation(node: JsonNode, operation: PatchOperation, root: WritableRoot): JsonNode {
  const { op, path } = operation
  const tokens = tokensOf(op, path, root)
  switch (operation.op) {
    case 'add':
      return (
        added(node, tokens, newValue(operation.value)) ?? fail(op, path, 'it cannot stand there')
      )
    case 'replace':
      return replaced(node, tokens, newValue(operation.value)) ?? fail(op, path, 'nothing is there')
    case 'remove':
      if (tokens.length === 0) return fail(op, path, `${root} itself cannot be removed`)
      return removeAt(node, tokens) ?? fail(op, path, 'nothing is there')
    case 'test': {
      const value = valueAt(node, tokens) ?? fail(op, path, 'nothing is there')
      return isSameJson(value, newValue(operation.value))
        ? node
        : fail(op, path, 'the value differs')
    }
    case 'copy':
    case 'move':
      return transferred(node, operation, tokens, tokensOf(op, operation.from, root))
  }
}

function transferred(
  node: JsonNode,
  { op, path, from }: Extract<PatchOperation, { op: 'move' | 'copy' }>,
  tokens: readonly string[],
  origin: readonly string[],
): JsonNode {
  const value = valueAt(node, origin) ?? fail(op, from, 'nothing is there')
  if (op === 'copy') return added(node, tokens, value) ?? fail(op, path, 'it cannot stand there')
  if (path === from) return node
  if (isInside(tokens, origin)) return fail(op, path, 'a value cannot move into itself')
  const rest = removeAt(node, origin) ?? fail(op, from, 'nothing is there')
  return added(rest, tokens, value) ?? fail(op, path, 'it cannot stand there')
}

function added(node: JsonNode, tokens: readonly string[], value: JsonNode): JsonNode | undefined {
  return tokens.length === 0 ? value : insertAt(node, tokens, value)
}

function replaced(
  node: JsonNode,
  tokens: readonly string[],
  value: JsonNode,
): JsonNode | undefined {
  return tokens.length === 0 ? value : replaceAt(node, tokens, value)
}

function newValue(value: unknown): JsonNode {
  return verbatim(JSON.stringify(value))
}

function isInside(tokens: readonly string[], origin: readonly string[]): boolean {
  return origin.every((token, index) => tokens[index] === token)
}

/** Deeper than any message may be nested: bounds the recursion of the edits. */
const maxTokens = 500

/** RFC 6901, below the root that the pointer must begin with. */
function tokensOf(op: string, pointer: string, root: WritableRoot): readonly string[] {
  const [start, first, ...rest] = pointer.split('/')
  if (start !== '' || first !== root) return fail(op, pointer, `it must begin with /${root}`)
  if (rest.length > maxTokens) return fail(op, pointer.slice(0, 100), 'it is too long')
  if (/~(?![01])/.test(pointer)) return fail(op, pointer, '~ is written ~0, and / in a key ~1')
  return rest.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function fail(op: string, pointer: string, why: string): never {
  throw new ObligationFault(`patch: ${op} ${pointer}: ${why}`)
}
