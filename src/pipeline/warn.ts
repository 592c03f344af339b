import type { ResponseMessage } from '../domain/message.js'
import { applyObligations } from './oblige.js'
import type { PipelineParts } from './parts.js'

const openingBrace = 0x7b

/** The response with `_meta["portcullis/warnings"]`, where it is a result; errors have no `_meta`. */
export function withWarnings(
  { text, outcome }: ResponseMessage,
  warnings: readonly string[],
  { patterns }: PipelineParts,
): Buffer {
  const { type, span } = outcome
  if (warnings.length === 0 || type === 'error' || text[span.start] !== openingBrace) return text
  const value = { _meta: { 'portcullis/warnings': warnings } }
  const applied = applyObligations({
    text,
    root: { name: 'response', span, isError: false },
    obligations: [{ type: 'merge', root: 'response', value }],
    patterns,
  })
  return applied instanceof Promise ? text : applied.text
}
