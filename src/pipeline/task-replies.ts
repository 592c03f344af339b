import { GatewayError } from '../domain/errors.js'
import type { Members, ResponseMessage } from '../domain/message.js'
import { itemsAt, membersAt, spliced } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { readMessage } from '../wire/message.js'
import { enforces } from './judge.js'
import { keptCall } from './kept-call.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import type { ResponseStep } from './response-steps.js'
import { closed, mostTasks, resultIds, taskId, taskKeys } from './task-ids.js'
import { withhold } from './withhold.js'

/**
 * Tasks in results: which call began them is kept, and their ids reach the caller as nobody else can use them. A list
 * loses the tasks that are known to be another principal's.
 */
export const taskReplies: ResponseStep = {
  reads: ({ call, policy }, { taskSeal }) =>
    (taskSeal.binds || policy.hooks.post) && tellOfTasks.has(call.operation.kind),
  keys: taskKeys,
  release: async (message, judging, parts) => {
    if (message.outcome.type === 'error') return message
    if (judging.call.operation.kind === 'tools/call') keepTask(message, judging, parts)
    if (!parts.taskSeal.binds) return message
    if (isTooLong(message)) return releaseTooLong(message, judging, parts)
    const own = withOwnTasks(message, judging, parts)
    const spans = resultIds(own.text, own.members)
    const text = closed(own.text, spans, judging.call.principal.id, parts)
    return text === own.text ? own : (readMessage(text) as ResponseMessage)
  },
}

/** Calls whose results may name a task in the ways of the protocol. */
const tellOfTasks: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/cancel',
  'tasks/update',
  'unsolicited',
])

function isTooLong({ text, members }: ResponseMessage): boolean {
  const tasks = members.get('tasks')
  return tasks?.shape === 'array' && itemsAt(text, tasks.value, mostTasks + 1).length > mostTasks
}

/** Ids that nobody sealed are of no use to anybody. */
async function releaseTooLong(
  message: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<ResponseMessage> {
  const fault = new GatewayError('upstream_invalid', `A result has more than ${mostTasks} tasks`)
  const told = await withhold(fault, judging, parts)
  if (enforces(parts.mode)) throw told
  return message
}

function keepTask(
  { text, members }: ResponseMessage,
  judging: Judging,
  parts: PipelineParts,
): void {
  const [begun] = taskId(begunTask(text, members))
  if (begun === undefined) return
  const { session, principal } = judging.call
  const kept = judging.policy.hooks.post ? keptCall(judging, parts) : undefined
  const { dryRun } = judging
  const task = { owner: principal.id, call: kept?.value.call, dryRun }
  const bytes = (kept?.bytes ?? 0) + 2 * (dryRun?.length ?? 0)
  parts.tasks.keep(session, decodeString(text, begun), task, bytes)
}

/** In the legacy era a task stands in a member of the result, in the modern era it is the result. */
function begunTask(text: Buffer, members: Members): Members {
  const task = members.get('task')
  return task?.shape === 'object' ? membersAt(text, task.value) : members
}

function withOwnTasks(
  message: ResponseMessage,
  { call: { session, principal } }: Judging,
  parts: PipelineParts,
): ResponseMessage {
  const { text } = message
  const tasks = message.members.get('tasks')
  if (tasks?.shape !== 'array') return message
  const isForeign = (item: Members): boolean => {
    const [id] = taskId(item)
    const known = id === undefined ? undefined : parts.tasks.find(session, decodeString(text, id))
    return known !== undefined && known.owner !== principal.id
  }
  const items = itemsAt(text, tasks.value)
  const own = items.filter((item) => !isForeign(membersAt(text, item)))
  if (own.length === items.length) return message
  const written = own.map(({ start, end }) => text.toString('utf8', start, end)).join(',')
  return readMessage(
    spliced(text, [{ span: tasks.value, text: `[${written}]` }]),
  ) as ResponseMessage
}
