import { isJsonObject } from '../domain/json.js'
import type { JsonObject } from '../domain/json.js'
import type {
  MergePatch,
  OperationsPatch,
  PatchOperation,
  WritableRoot,
} from '../domain/obligation.js'
import { ResultFault } from './result-fault.js'
import { objectOf, onlyMembers, stringOf } from './result-values.js'

/**
 * A patch of the one root that the hook may write: `{"args": …}` (RFC 7396) or operations on `/args/…` (RFC 6902).
 * Gives none for a patch that changes nothing.
 * @throws ResultFault
 */
export function parsePatch(
  value: unknown,
  root: WritableRoot,
): readonly (MergePatch | OperationsPatch)[] {
  if (Array.isArray(value)) return operationsPatch(value, root)
  if (!isJsonObject(value)) throw new ResultFault('patch must be an object or an array')
  onlyMembers(value, new Set([root]), 'patch')
  if (!Object.hasOwn(value, root)) return []
  const merged = value[root]
  // Anything else would put itself in place of the whole.
  if (!isJsonObject(merged)) throw new ResultFault(`patch.${root} must be an object`)
  return [{ type: 'merge', root, value: merged }]
}

// Each is a walk over the message, and no fuel pays for it.
const mostOperations = 500

function operationsPatch(list: readonly unknown[], root: WritableRoot): readonly OperationsPatch[] {
  if (list.length === 0) return []
  if (list.length > mostOperations) {
    throw new ResultFault(`patch has more than ${mostOperations} operations`)
  }
  const operations = list.map((item, index) => {
    const name = `patch[${index}]`
    return operationOf(objectOf(item, name), name, root)
  })
  return [{ type: 'operations', operations }]
}

// RFC 6902 has members that an operation does not define ignored.
function operationOf(item: JsonObject, name: string, root: WritableRoot): PatchOperation {
  const op = stringOf(item['op'], `${name}.op`)
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const { value } = item
      if (value === undefined) throw new ResultFault(`${name} has no value`)
      const path = pointerOf(item['path'], `${name}.path`, root)
      if (path === `/${root}` && op !== 'test' && !isJsonObject(value)) {
        throw new ResultFault(`${name} must leave ${root} an object`)
      }
      return { op, path, value }
    }
    case 'remove':
      return { op, path: innerPointerOf(item['path'], `${name}.path`, root) }
    case 'move':
    case 'copy': {
      const from = innerPointerOf(item['from'], `${name}.from`, root)
      return { op, path: innerPointerOf(item['path'], `${name}.path`, root), from }
    }
    default:
      throw new ResultFault(`${name}.op must be one of add, remove, replace, move, copy, test`)
  }
}

/** A JSON pointer (RFC 6901) to the root or into it. */
function pointerOf(value: unknown, name: string, root: WritableRoot): string {
  const pointer = stringOf(value, name)
  if (pointer !== `/${root}` && !pointer.startsWith(`/${root}/`)) {
    throw new ResultFault(`${name} must begin with /${root}`)
  }
  if (/~(?![01])/.test(pointer)) throw new ResultFault(`${name} is not a JSON pointer`)
  return pointer
}

function innerPointerOf(value: unknown, name: string, root: WritableRoot): string {
  const pointer = pointerOf(value, name, root)
  if (pointer === `/${root}`) throw new ResultFault(`${name} must name something inside ${root}`)
  return pointer
}
