import { opened, replaceAt, valueAt, type JsonNode } from '../wire/json-tree.js'

/** Extensions whose methods are governed like any other. */
const known: ReadonlySet<string> = new Set(['io.modelcontextprotocol/tasks'])

/**
 * Capabilities without the extensions and experiments that the gateway does not know. Undefined where there are none.
 * @param place keys from the root to the capabilities
 */
export function withoutUnknown(root: JsonNode, place: readonly string[]): JsonNode | undefined {
  let edited = root
  for (const member of ['extensions', 'experimental']) {
    const path = [...place, member]
    const value = valueAt(edited, path)
    const declared = value === undefined ? undefined : opened(value)
    if (declared?.form !== 'object') continue
    const members = declared.members.filter(({ key }) => known.has(key))
    if (members.length === declared.members.length) continue
    edited = replaceAt(edited, path, { form: 'object', members }) ?? edited
  }
  return edited === root ? undefined : edited
}
