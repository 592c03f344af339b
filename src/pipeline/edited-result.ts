import type { ResponseMessage } from '../domain/message.js'
import { textOf, verbatim, type JsonNode } from '../wire/json-tree.js'
import { readMessage } from '../wire/message.js'

/** The result or error of a response, with its exact spelling. */
export function resultOf({ text, outcome }: ResponseMessage): JsonNode {
  return verbatim(text.toString('utf8', outcome.span.start, outcome.span.end))
}

/** The response with another result: every byte outside it stays. */
export function withResult(message: ResponseMessage, result: JsonNode): ResponseMessage {
  const { text, outcome } = message
  const written = Buffer.from(textOf(result, longest))
  const edited = Buffer.concat([
    text.subarray(0, outcome.span.start),
    written,
    text.subarray(outcome.span.end),
  ])
  return readMessage(edited) as ResponseMessage
}

/** UTF-16 units; what is edited was short enough to be read, and edits add some words to it. */
const longest = 256 * 1024 * 1024
