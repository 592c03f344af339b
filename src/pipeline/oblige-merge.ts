import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import { ObligationFault, type MergePatch, type WritableRoot } from '../domain/obligation.js'
import { newMember, opened, verbatim, type JsonNode, type ObjectNode } from '../wire/json-tree.js'
import { checkShape, written } from './oblige-root.js'
import type { Edited } from './oblige.js'

/**
 * Applies an RFC 7396 merge patch to the text of the root.
 * @throws ObligationFault where it is for another root, or would leave arguments that are no
 * object
 */
export function mergePatch(source: string, patch: MergePatch, root: WritableRoot): Edited {
  if (patch.root !== root) {
    throw new ObligationFault(`patch of ${patch.root}: only ${root} can be written here`)
  }
  const before = verbatim(source)
  const after = merged(before, patch.value)
  if (after === before) return { text: source, places: 0 }
  checkShape(after, root)
  return { text: written(after), places: 1 }
}

/** The same node where the patch changes nothing. */
function merged(target: JsonNode | undefined, patch: JsonValue): JsonNode {
  if (!isJsonObject(patch)) return verbatim(JSON.stringify(patch))
  const node = target === undefined ? undefined : opened(target)
  if (target === undefined || node?.form !== 'object') return mergedObject(noMembers, patch)
  const result = mergedObject(node, patch)
  return result === node ? target : result
}

const noMembers: ObjectNode = { form: 'object', members: [] }

function mergedObject(target: ObjectNode, patch: JsonObject): ObjectNode {
  const values = new Map(Object.entries(patch))
  const members = target.members.flatMap((member) => {
    const value = values.get(member.key)
    if (value === undefined) return [member]
    values.delete(member.key)
    if (value === null) return []
    const result = merged(member.value, value)
    return [result === member.value ? member : { ...member, value: result }]
  })
  const added = [...values].flatMap(([key, value]) =>
    value === null ? [] : [newMember(key, merged(undefined, value))],
  )
  const isSame =
    added.length === 0 &&
    members.length === target.members.length &&
    members.every((member, index) => member === target.members[index])
  return isSame ? target : { form: 'object', members: [...members, ...added] }
}
