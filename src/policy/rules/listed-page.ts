import type { ClassifyTool } from '../../domain/action-class.js'
import { isJsonObject, type JsonObject } from '../../domain/json.js'
import type { Operation } from '../../domain/operation.js'
import type { PolicyInput } from '../../domain/policy-input.js'
import { scanJson } from '../../wire/json-text.js'
import { normalForms } from '../../wire/resource-uri.js'
import type { ListedItem } from '../cel/context.js'

/** A page of a list, each item with the calls that it stands for. */
export interface ListedPage {
  /** The input without the items, which conditions about one of them need not read. */
  readonly input: PolicyInput
  readonly items: readonly PageItem[]
}

export interface PageItem {
  /** What the list knows it by. */
  readonly name: string
  /** As conditions see it: one for each way in which a server may look it up. */
  readonly calls: readonly ListedCall[]
}

export interface ListedCall {
  readonly operation: Operation
  readonly item: ListedItem
  /** Of a resource template it is not known yet which resource would be read. */
  readonly isTemplate: boolean
}

/** The kinds of calls that items of lists stand for. */
export const listedKinds = ['tools/call', 'resources/read', 'prompts/get'] as const

/** Without calls where the list is none of those whose items can be hidden. */
export function readPage(input: PolicyInput, classify: ClassifyTool): ListedPage {
  const { document, call } = input
  const { members } = scanJson(document, 1)
  const span = members.get('items')?.value
  if (span === undefined) return { input, items: [] }
  const listed: unknown = JSON.parse(document.toString('utf8', span.start, span.end))
  const rest = Buffer.concat([document.subarray(0, span.start), Buffer.from('null}')])
  const kind = call.operation.kind
  const items = Array.isArray(listed) ? listed.filter(isJsonObject) : []
  return {
    input: { ...input, document: rest },
    items: items.flatMap((item) => itemOf(item, kind, call.server, classify)),
  }
}

function itemOf(
  item: JsonObject,
  list: string,
  server: string,
  classify: ClassifyTool,
): readonly PageItem[] {
  switch (list) {
    case 'tools/list':
      return named(item['name'], (name) => [toolCall(name, item, server, classify)])
    case 'prompts/list':
      return named(item['name'], (name) => [promptCall(name)])
    case 'resources/list':
      return named(item['uri'], (uri) => [uri, ...normalForms(uri)].map(resourceCall))
    case 'resources/templates/list':
      return named(item['uriTemplate'], (uri) => [{ ...resourceCall(uri), isTemplate: true }])
    default:
      return ['name', 'uri', 'uriTemplate'].flatMap((key) => named(item[key], () => []))
  }
}

function named(
  name: unknown,
  callsOf: (name: string) => readonly ListedCall[],
): readonly PageItem[] {
  return typeof name === 'string' ? [{ name, calls: callsOf(name) }] : []
}

function toolCall(
  name: string,
  { annotations: given }: JsonObject,
  server: string,
  classify: ClassifyTool,
): ListedCall {
  const annotations = isJsonObject(given) ? given : undefined
  const actionClass = classify(server, name, annotations)
  return {
    operation: { type: 'tool', kind: 'tools/call', name, args: undefined },
    item: { kind: 'tools/call', name, annotations, actionClass },
    isTemplate: false,
  }
}

function promptCall(name: string): ListedCall {
  return {
    operation: { type: 'prompt', kind: 'prompts/get', name, args: undefined },
    item: { kind: 'prompts/get', name },
    isTemplate: false,
  }
}

function resourceCall(uri: string): ListedCall {
  return {
    operation: { type: 'resource', kind: 'resources/read', uri },
    item: { kind: 'resources/read', uri },
    isTemplate: false,
  }
}
