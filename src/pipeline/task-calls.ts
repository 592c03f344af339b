import type { Call, Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { Members } from '../domain/message.js'
import { decodeString } from '../wire/json-text.js'
import { methodRow } from '../wire/methods.js'
import { writeMirrored } from '../wire/mirrored-headers.js'
import { policyInForce } from './judging.js'
import type { PipelineParts } from './parts.js'
import { rewritten } from './rewritten-call.js'
import { inOrder, isText, listenedIds, placeOfId, relatedId, withIds } from './task-ids.js'

/**
 * A call about tasks, with their ids as the upstream knows them.
 * @throws GatewayError `invalid_params` where one is not the caller's, as for one that does not exist
 */
export function admitTask(call: Call, parts: PipelineParts): Call {
  const { message } = call
  if (!parts.taskSeal.binds || message.form === 'response') return call
  const members = message.params?.members
  if (members === undefined) return call
  if (message.form === 'notification' && message.method.startsWith('notifications/')) {
    // Of a task that it holds itself a client speaks by an id of its own.
    return withText(call, openRelatedId(message.text, members, call, parts))
  }
  const spans = idsIn(message.text, message.method, members)
  if (spans.length === 0) return call
  refuseUnreadable(message.text, spans, parts)
  const opened = withText(
    call,
    withIds(message.text, spans, (id) => openId(id, call, parts)),
  )
  return { ...opened, headers: mirroring(opened) }
}

/** A text with the task that it is related to as the upstream knows it; one that is not the upstream's stays. */
export function openRelatedId(
  text: Buffer,
  members: Members,
  { principal }: Call,
  { taskSeal }: PipelineParts,
): Buffer {
  if (!taskSeal.binds) return text
  return withIds(text, relatedId(text, members), (id) => taskSeal.open(id, principal.id) ?? id)
}

/** Where the call names tasks, whatever stands there. */
function idsIn(text: Buffer, method: string, members: Members): readonly Span[] {
  const named = method.startsWith('tasks/') ? placeOfId(members) : []
  const listened = method === 'subscriptions/listen' ? listenedIds(text, members) : []
  return inOrder([...named, ...listened, ...relatedId(text, members)])
}

/** A check of each takes its time while other calls wait. */
const mostIds = 1_000

/** What is no text may still find a task: as a key of a JavaScript object, `["t-1"]` is `t-1`. */
function refuseUnreadable(text: Buffer, spans: readonly Span[], parts: PipelineParts): void {
  if (spans.length > mostIds) {
    throw new GatewayError('invalid_params', `One request may name ${mostIds} tasks: send several`)
  }
  if (policyInForce(parts) !== undefined && !spans.every((span) => isText(text, span))) {
    throw unknownTask()
  }
}

/** While no policy is in force nothing is sealed either, so that an id may be the upstream's own. */
function openId(id: string, { principal }: Call, parts: PipelineParts): string {
  const opened = parts.taskSeal.open(id, principal.id)
  if (opened !== undefined) return opened
  if (policyInForce(parts) === undefined) return id
  throw unknownTask()
}

function unknownTask(): GatewayError {
  return new GatewayError('invalid_params', 'Task not found', { inBand: true })
}

function withText(call: Call, text: Buffer): Call {
  if (text === call.message.text) return call
  const opened = rewritten(call, text)
  if (opened instanceof GatewayError) throw opened
  return opened
}

/** What mirrors the id says the same as the body. */
function mirroring({ headers, message }: Call): Headers {
  if (headers['mcp-name'] === undefined || message.form === 'response') return headers
  const id = message.params?.members.get('taskId')
  const isMirrored = methodRow(message.method)?.mirrored === 'taskId' && id?.shape === 'string'
  if (!isMirrored) return headers
  return { ...headers, 'mcp-name': writeMirrored(decodeString(message.text, id.value)) }
}
