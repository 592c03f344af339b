import type { FieldPath, FieldStep } from '../domain/field-path.js'

/** A way to places that a path names. */
export interface Route {
  /** Which of several paths it belongs to. */
  readonly path: number
  /** Where it begins: at the root of the document, or at that of a text in a result. */
  readonly from: 'root' | 'copy'
  readonly steps: readonly FieldStep[]
}

/**
 * The routes of a path. What it says of `structuredContent` it says of the texts of the result too, because servers
 * send the same value there once more: the whole of it or, where its only member is `result`, what stands in that, or
 * one text for each item of that.
 */
export function routesOf({ root, steps }: FieldPath, path: number): readonly Route[] {
  const own: Route = { path, from: 'root', steps: root === undefined ? [deep, ...steps] : steps }
  if (root === 'args') return [own]
  const copied = copiedBy(steps.slice(countDeep(steps)), root)
  return [own, ...copied.map((rest): Route => ({ path, from: 'copy', steps: rest }))]
}

/** Where a result may hold a second time what its `structuredContent` says: Base64 cannot be followed, but reached. */
export const copies: readonly (readonly string[])[] = [
  ['content', 'text'],
  ['content', 'data'],
  ['content', 'resource', 'text'],
  ['content', 'resource', 'blob'],
]

/** The texts of results and prompts, as routes of the path `path`. */
export function textRoutes(path: number): readonly Route[] {
  const inBlocks = blocks.flatMap((block) => [`${block}.text`, `${block}.resource.text`])
  return [...inBlocks, 'contents.text'].map((keys) => ({ path, from: 'root', steps: keysOf(keys) }))
}

/** Where `structuredContent` may repeat such a text, as routes of the path `path`. */
export function wrappedTextRoutes(path: number): readonly Route[] {
  const wrapped = keysOf('structuredContent.result')
  return [wrapped, [...wrapped, any]].map((steps) => ({ path, from: 'root', steps }))
}

/** What results and prompts hold in Base64, as routes of the path `path`. */
export function base64Routes(path: number): readonly Route[] {
  const inBlocks = blocks.flatMap((block) => [`${block}.data`, `${block}.resource.blob`])
  return [...inBlocks, 'contents.blob'].map((keys) => ({ path, from: 'root', steps: keysOf(keys) }))
}

const deep: FieldStep = { type: 'deep' }
const any: FieldStep = { type: 'any' }

/** Where MCP has content blocks: in results, prompts, sampling, and in the tool results that sampling carries. */
const blocks = ['content', 'content.content', 'messages.content', 'messages.content.content']

function keysOf(keys: string): readonly FieldStep[] {
  return keys.split('.').map((name) => ({ type: 'key', name }))
}

function countDeep(steps: readonly FieldStep[]): number {
  const first = steps.findIndex(({ type }) => type !== 'deep')
  return first === -1 ? steps.length : first
}

/** The steps that lead on from the root of a text, for a path that begins with `structuredContent`. */
function copiedBy(
  [first, ...rest]: readonly FieldStep[],
  root: FieldPath['root'],
): readonly (readonly FieldStep[])[] {
  const isCopied = isKey(first, 'structuredContent') || (root !== undefined && isAny(first))
  if (!isCopied) return []
  const [wrapper, ...wrapped] = rest
  if (!isKey(wrapper, 'result') && !isAny(wrapper)) return [rest]
  const [item, ...inItem] = wrapped
  return isAny(item) || item?.type === 'index' ? [rest, wrapped, inItem] : [rest, wrapped]
}

function isKey(step: FieldStep | undefined, name: string): boolean {
  return step?.type === 'key' && step.name === name
}

function isAny(step: FieldStep | undefined): boolean {
  return step?.type === 'any'
}
