import type { Call } from '../domain/call.js'
import type { FieldPath } from '../domain/field-path.js'
import type { Obligation } from '../domain/obligation.js'
import { askForTools } from './ask-for-tools.js'
import type { PipelineParts } from './parts.js'

type Fields = readonly FieldPath[] | undefined

/**
 * What the called tool's output schema marks as sensitive, where an obligation goes by it: a server that has not listed
 * the tool yet is asked, in the name of the caller. Undefined where it is not needed, or nobody knows.
 */
export function sensitiveFor(
  call: Call,
  obligations: readonly Obligation[],
  parts: PipelineParts,
): Fields | Promise<Fields> {
  const { operation, server } = call
  if (operation.type !== 'tool' || !obligations.some(goesByList)) return undefined
  const known = parts.catalog.tool(server, operation.name)
  if (known !== undefined) return known.sensitive
  return askForTools(call, parts).then(() => parts.catalog.tool(server, operation.name)?.sensitive)
}

function goesByList(obligation: Obligation): boolean {
  return obligation.type === 'filter_sensitive' && obligation.paths === undefined
}
