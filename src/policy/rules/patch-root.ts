import { isJsonObject } from '../../domain/json.js'
import type { WritableRoot } from '../../domain/obligation.js'

/** What a patch writes, as far as it says: the first member of a merge patch, the path of the first operation. */
export function writtenRoot(patch: unknown): WritableRoot | undefined {
  if (Array.isArray(patch)) {
    const first: unknown = patch[0]
    const path = isJsonObject(first) ? first['path'] : undefined
    const root = typeof path === 'string' ? path.split('/')[1] : undefined
    return roots.find((each) => each === root)
  }
  const [member] = isJsonObject(patch) ? Object.keys(patch) : []
  return roots.find((root) => root === member)
}

const roots: readonly WritableRoot[] = ['args', 'params', 'response']
