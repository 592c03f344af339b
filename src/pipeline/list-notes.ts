import { GatewayError } from '../domain/errors.js'
import type { Call } from '../domain/call.js'
import type { ResponseMessage } from '../domain/message.js'
import { payloadOf } from '../domain/payload.js'
import { valueAt, verbatim } from '../wire/json-tree.js'
import { readMessage } from '../wire/message.js'
import { announcedLists } from './announced-lists.js'
import { resultOf } from './edited-result.js'
import { enforces } from './judge.js'
import { digestOfShown } from './list-shown.js'
import { listMethod, type ListMethod } from './list-methods.js'
import { itemTexts, readPage, type ListPage } from './list-page.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import { schemalessIn } from './shown-schemas.js'

/** Whether something is learnt from replies to such a call. */
function isNoted({ call }: Judging): boolean {
  const { kind } = call.operation
  return kind === 'initialize' || listMethod(kind) !== undefined
}

/** Learns from a reply that goes on as it is; one that cannot be read is no worse for it. */
export function noteUnjudged(text: Buffer, judging: Judging, parts: PipelineParts): void {
  if (!isNoted(judging)) return
  unlessUnreadable(() => {
    const message = readMessage(text)
    if (message.form === 'response') noteReply(message, judging, parts)
  })
}

/** Learns from a reply that passed, in the server's own words: what it offers, and what its reader was shown. */
export function noteReply(message: ResponseMessage, judging: Judging, parts: PipelineParts): void {
  if (message.outcome.type === 'error' || !isNoted(judging)) return
  const { call, policy } = judging
  const method = listMethod(call.operation.kind)
  const isWhole = enforces(parts.mode) && !policy.hooks.list
  if (method === undefined) {
    if (isWhole) noteHandshake(message, judging, parts)
    return
  }
  unlessUnreadable(() => {
    const page = readPage(message, method)
    if (method.member === 'tools') parts.catalog.learn(call.server, itemTexts(page))
    const schemaless = isWhole ? schemalessIn(message.text, page.span, judging) : []
    const shown = digestOfShown(page.names, undefined, schemaless)
    if (isWhole) noteListed(message, { method, page, shown }, judging, parts)
  })
}

function noteHandshake(message: ResponseMessage, judging: Judging, parts: PipelineParts): void {
  const lists = announcedLists(resultOf(message))
  parts.listChanges.announced(judging.call, judging.issued, { lists, own: [] })
}

/** A page as its reader was shown it. */
export interface Showing {
  readonly method: ListMethod
  readonly page: ListPage
  readonly shown: string
}

export function noteListed(
  { text }: ResponseMessage,
  { method, page, shown }: Showing,
  { call, policy, described }: Judging,
  { listChanges, describe }: PipelineParts,
): void {
  const { span, names } = page
  const description = described?.call === call ? described : describe(call)
  const items = { text: text.subarray(span.start, span.end), names }
  const cursor = cursorOf(call)
  listChanges.listed(call, { list: method.list, cursor, description, items, shown }, policy)
}

function cursorOf(call: Call): string {
  const { text, span } = payloadOf(call)
  if (span === undefined) return ''
  const cursor = valueAt(verbatim(text.toString('utf8', span.start, span.end)), ['cursor'])
  return cursor?.form === 'verbatim' && cursor.text.startsWith('"') ? cursor.text : ''
}

function unlessUnreadable(note: () => void): void {
  try {
    note()
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
  }
}
