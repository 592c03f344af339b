import type { Call } from '../domain/call.js'
import type { Span } from '../domain/json.js'
import type { Policy } from '../domain/ports.js'
import {
  insertAt,
  opened,
  removeAt,
  valueAt,
  verbatim,
  type ItemNode,
  type JsonNode,
} from '../wire/json-tree.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'
import { forOneReader } from './cache-hints.js'
import { resultOf, withResult } from './edited-result.js'
import { enforces } from './judge.js'
import type { ResponseStep } from './response-steps.js'

/**
 * Tools of whose results policy may hide parts are listed without their output schema: clients throw the whole of a
 * result away that does not fit.
 */
export const shownSchemas: ResponseStep = {
  reads: ({ call, policy }, { mode }) =>
    enforces(mode) && policy.hooks.post && listsTools(call.operation.kind),
  release: (message, judging) => {
    const page = message.outcome.type === 'error' ? undefined : message.members.get('tools')
    if (page?.shape !== 'array') return message
    const items = itemsAt(message.text, page.value)
    const shown = items.map((item) => withoutSchema(item, judging))
    if (shown.every((item, index) => item === items[index])) return message
    const result = insertAt(resultOf(message), ['tools'], { form: 'array', items: shown })
    return result === undefined ? message : withResult(message, forOneReader(result, judging))
  },
}

/** A reply to nobody that is known may be anything. */
function listsTools(kind: string): boolean {
  return kind === 'tools/list' || kind === 'unsolicited'
}

/** The names of the tools in a page (`span`: its array) that policy has listed without the output schema that they have. */
export function schemalessIn(
  text: Buffer,
  span: Span,
  reader: { readonly call: Call; readonly policy: Policy },
): readonly string[] {
  if (!reader.policy.hooks.post || !listsTools(reader.call.operation.kind)) return []
  return itemsAt(text, span)
    .filter((item) => withoutSchema(item, reader) !== item)
    .flatMap((item) => nameOf(item) ?? [])
}

function itemsAt(text: Buffer, { start, end }: Span): readonly ItemNode[] {
  const page = opened(verbatim(text.toString('utf8', start, end)))
  return page.form === 'array' ? page.items : []
}

/** The same object where the tool is shown as it is. */
function withoutSchema(
  item: ItemNode,
  { call, policy }: { readonly call: Call; readonly policy: Policy },
): ItemNode {
  const name = nameOf(item)
  if (name === undefined || !policy.redacts(call, name)) return item
  const value: JsonNode | undefined = removeAt(item.value, ['outputSchema'])
  return value === undefined ? item : { ...item, value }
}

function nameOf({ value }: ItemNode): string | undefined {
  const name = valueAt(value, ['name'])
  const isText = name?.form === 'verbatim' && name.text.startsWith('"')
  return isText ? decodeLiteral(name.text) : undefined
}
