import type { Span } from '../domain/json.js'
import { insertAt, opened, textOf, valueAt, verbatim, type JsonNode } from '../wire/json-tree.js'

/** What the caller is told beside a result, in its `_meta`. */
export interface ResultNotes {
  readonly warnings: readonly string[]
  /** JSON; undefined where the call was no dry run. */
  readonly dryRun: string | undefined
}

const openingBrace = 0x7b

/** The text with the notes in the result that stands at `span`; the same Buffer where that is no object. */
export function withNotesAt(text: Buffer, { start, end }: Span, notes: ResultNotes): Buffer {
  const members = noteMembers(notes)
  if (members.length === 0 || text[start] !== openingBrace) return text
  const result = noted(verbatim(text.toString('utf8', start, end)), members)
  const written = Buffer.from(textOf(result, longest))
  return Buffer.concat([text.subarray(0, start), written, text.subarray(end)])
}

/** UTF-16 units; what is noted was short enough to be read. */
const longest = 256 * 1024 * 1024

type Member = readonly [key: string, json: string]

/** Members of `_meta`: keys and JSON. */
export function noteMembers({ warnings, dryRun }: ResultNotes): readonly Member[] {
  const warned: readonly Member[] =
    warnings.length === 0 ? [] : [['portcullis/warnings', JSON.stringify(warnings)]]
  return dryRun === undefined ? warned : [...warned, ['portcullis/dry_run', dryRun]]
}

/** In place of whatever the server says under these names. */
function noted(result: JsonNode, members: readonly Member[]): JsonNode {
  const meta = valueAt(result, ['_meta'])
  const hasMeta = meta !== undefined && opened(meta).form === 'object'
  const prepared = hasMeta ? result : insertAt(result, ['_meta'], verbatim('{}'))
  return members.reduce(
    (node, [key, json]) => insertAt(node, ['_meta', key], verbatim(json)) ?? node,
    prepared ?? result,
  )
}
