import { GatewayError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { ResponseMessage } from '../domain/message.js'
import { opened, verbatim, type ArrayNode, type ItemNode } from '../wire/json-tree.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'
import type { ListMethod } from './list-methods.js'

/** One page of a list, with the exact spelling of its items. */
export interface ListPage {
  /** Where the array stands in the text of the response. */
  readonly span: Span
  readonly items: readonly ItemNode[]
  /** What policy knows the items by, in the same order. */
  readonly names: readonly string[]
}

/**
 * The page in the result of a list.
 * @throws GatewayError `upstream_invalid` where two clients could read different items from it
 */
export function readPage({ text, members }: ResponseMessage, method: ListMethod): ListPage {
  const page = members.get(method.member)
  if (page?.shape !== 'array') throw invalid(`The result has no array "${method.member}"`)
  const span = page.value
  const { items } = opened(verbatim(text.toString('utf8', span.start, span.end))) as ArrayNode
  return { span, items, names: items.map((item) => nameOf(item, method)) }
}

/** The page of the items that stay: each byte for byte, in the order of the upstream. */
export function pageOf(
  { items, names }: ListPage,
  isShown: (name: string) => boolean,
): ArrayNode | undefined {
  const kept = items.filter((_item, index) => isShown(names[index] ?? ''))
  return kept.length === items.length ? undefined : { form: 'array', items: kept }
}

/** The items of a page, each as a text of its own. */
export function itemTexts({ items }: ListPage): readonly Buffer[] {
  return items.flatMap(({ value }) => (value.form === 'verbatim' ? [Buffer.from(value.text)] : []))
}

function nameOf({ value }: ItemNode, { member, identifiedBy }: ListMethod): string {
  const item = opened(value)
  let name: string | undefined
  for (const { key, value: named } of item.form === 'object' ? item.members : []) {
    if (key === identifiedBy) {
      if (named.form === 'verbatim' && named.text.startsWith('"')) name = decodeLiteral(named.text)
    } else if (isVariant(key, identifiedBy)) {
      throw invalid(`An item of "${member}" has a key that differs from "${identifiedBy}" in case`)
    }
  }
  if (name === undefined) throw invalid(`An item of "${member}" has no "${identifiedBy}"`)
  return name
}

/** Some decoders fold case: such an item has one name for policy and another for the client. */
function isVariant(key: string, name: string): boolean {
  return key.length === name.length && key.toLowerCase() === name.toLowerCase()
}

function invalid(message: string): GatewayError {
  return new GatewayError('upstream_invalid', message)
}
