import type { Call } from '../domain/call.js'
import type { Span } from '../domain/json.js'
import type { Member, Members, NotificationMessage, RequestMessage } from '../domain/message.js'
import { itemsAt, membersAt, spliced, type Splice } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { createKeySearch } from '../wire/key-search.js'
import { readMessage } from '../wire/message.js'
import type { PipelineParts } from './parts.js'

/** Whatever names a task has one of these. */
export const taskKeys = createKeySearch(['taskId', 'taskIds'])

/** Nobody has more, and to seal each takes its time while other calls wait. */
export const mostTasks = 10_000

const relatedTask = 'io.modelcontextprotocol/related-task'

/** Where the ids of tasks stand in a result, in order. */
export function resultIds(text: Buffer, members: Members): readonly Span[] {
  return inOrder([
    ...taskId(members.has('status') ? members : none),
    ...taskId(inside(text, members.get('task'))),
    ...itemsIn(text, members.get('tasks')).flatMap((task) => taskId(membersAt(text, task))),
    ...relatedId(text, members),
  ])
}

/**
 * Where the tasks are named of which a client wants to hear, in `subscriptions/listen` and where that is acknowledged;
 * what is no list stands for its one item.
 */
export function listenedIds(text: Buffer, members: Members): readonly Span[] {
  const listed = inside(text, members.get('notifications')).get('taskIds')
  if (listed === undefined) return []
  return listed.shape === 'array' ? itemsAt(text, listed.value, mostTasks + 1) : [listed.value]
}

/** Where the task is named that a message is related to, by its `_meta`. */
export function relatedId(text: Buffer, members: Members): readonly Span[] {
  const meta = members.get('_meta')
  if (meta === undefined || !taskKeys.isIn(text.subarray(meta.value.start, meta.value.end))) {
    return []
  }
  return placeOfId(inside(text, inside(text, meta).get(relatedTask)))
}

/** Where the id of a task is to stand, whatever stands there. */
export function placeOfId(members: Members): readonly Span[] {
  const member = members.get('taskId')
  return member === undefined ? [] : [member.value]
}

/** Where the id of the task itself stands. */
export function taskId(members: Members): readonly Span[] {
  const member = members.get('taskId')
  return member?.shape === 'string' ? [member.value] : []
}

/** A notification or request of the server with the ids of tasks as its receiver knows them. */
export function closeParamIds(text: Buffer, { principal }: Call, parts: PipelineParts): Buffer {
  if (!parts.taskSeal.binds || !taskKeys.isIn(text)) return text
  const message = readMessage(text)
  return message.form === 'response' ? text : closed(text, paramIds(message), principal.id, parts)
}

/** In a request of its own a server names tasks of its client's. */
function paramIds({ form, text, method, params }: RequestMessage | NotificationMessage) {
  if (params === undefined) return []
  const { members } = params
  const isTold = form === 'notification'
  return inOrder([
    ...(isTold && method.startsWith('notifications/tasks') ? taskId(members) : []),
    ...(isTold ? listenedIds(text, members) : []),
    ...relatedId(text, members),
  ])
}

/** The text with the ids that stand there as this principal knows them. Of too many none is sealed: nobody can use them. */
export function closed(
  text: Buffer,
  spans: readonly Span[],
  principalId: string,
  { taskSeal }: PipelineParts,
): Buffer {
  if (spans.length > mostTasks) return text
  return withIds(text, spans, (id) => taskSeal.close(id, principalId))
}

/** The text with other ids in these places; what is no text is no id. */
export function withIds(
  text: Buffer,
  spans: readonly Span[],
  change: (id: string) => string,
): Buffer {
  const splices = spans.flatMap((span): Splice[] => {
    if (!isText(text, span)) return []
    const id = decodeString(text, span)
    const changed = change(id)
    return changed === id ? [] : [{ span, text: JSON.stringify(changed) }]
  })
  return spliced(text, splices)
}

export function isText(text: Buffer, { start }: Span): boolean {
  return text[start] === quote
}

const quote = 0x22
const none: Members = new Map()

function inside(text: Buffer, member: Member | undefined): Members {
  return member?.shape === 'object' ? membersAt(text, member.value) : none
}

function itemsIn(text: Buffer, member: Member | undefined): readonly Span[] {
  return member === undefined ? [] : itemsAt(text, member.value)
}

export function inOrder(spans: readonly Span[]): readonly Span[] {
  return spans.toSorted((one, other) => one.start - other.start)
}
