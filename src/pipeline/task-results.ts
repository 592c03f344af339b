import type { Call } from '../domain/call.js'
import type { CallDescription } from '../domain/policy-input.js'
import type { Member, Members, ResponseMessage } from '../domain/message.js'
import { membersAt } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { readMessage } from '../wire/message.js'
import { aboutOutcome, enforces, judge, record } from './judge.js'
import type { KnownTask, PipelineParts } from './parts.js'
import { leftOf } from './refuse.js'
import { judgesReply, type Judging } from './judging.js'
import { withNotesAt } from './result-notes.js'
import { refuseUnknownCall } from './unknown-calls.js'
import type { ResponseStep } from './response-steps.js'

/** Results of earlier calls that stand in what is said of their tasks. */
export const taskResults: ResponseStep = {
  reads: ({ call, policy }, parts) =>
    call.operation.kind === 'tasks/get' &&
    (policy.hooks.post || taskIn(call, parts)?.dryRun !== undefined),
  release: async (message, judging, parts) => {
    const id = taskOf(judging.call)
    if (id === undefined || message.outcome.type === 'error') return message
    const text = await releaseTaskResult(message, id, judging, parts)
    return text === message.text ? message : (readMessage(text) as ResponseMessage)
  },
}

/** A reply to `tasks/result` is the reply to the call that began the task, where that is still known. */
export function taskOrigin(judging: Judging, parts: PipelineParts): Judging {
  if (judging.call.operation.kind !== 'tasks/result') return judging
  const task = taskIn(judging.call, parts)
  if (task === undefined) return judging
  const described = originOf(task, judging.call, parts)
  const noted = { ...judging, dryRun: task.dryRun }
  return described === undefined ? noted : { ...noted, call: described.call, described }
}

/**
 * What is said of a task (`tasks/get`, `notifications/tasks`), with the result or error in it as policy permits it:
 * judged at post as the reply to the call that began the task, where that is still known.
 * @throws GatewayError a refusal; the call itself was carried out
 */
export async function releaseTaskResult(
  said: { readonly text: Buffer; readonly members: Members; readonly wellFormed: boolean },
  taskId: string,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const outcomes = (['result', 'error'] as const).flatMap((type) => {
    const member = said.members.get(type)
    return member === undefined || member.shape === 'null' ? [] : [{ type, member }]
  })
  if (outcomes.length === 0) return said.text
  const task = ownTask(taskId, judging.call, parts)
  const described = task && originOf(task, judging.call, parts)
  if (described === undefined) await refuseUnknownCall(judging, parts)
  if (task === undefined) return said.text
  const origin = { described, dryRun: task.dryRun }
  let text = said.text
  // From the last to the first, so that what was found before stays where it is.
  const backwards = outcomes.toSorted((a, b) => b.member.value.start - a.member.value.start)
  for (const { type, member } of backwards) {
    const outcome = { text, member, isError: type === 'error', wellFormed: said.wellFormed }
    text = await releaseOutcome(outcome, origin, judging, parts)
  }
  return text
}

interface TaskOutcome {
  readonly text: Buffer
  readonly member: Member
  readonly isError: boolean
  readonly wellFormed: boolean
}

/** What is known of the call that began a task. */
interface Origin {
  readonly described: CallDescription | undefined
  readonly dryRun: string | undefined
}

async function releaseOutcome(
  outcome: TaskOutcome,
  { described, dryRun }: Origin,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const text =
    described === undefined ? outcome.text : await judgeOutcome(outcome, described, judging, parts)
  if (dryRun === undefined || outcome.isError) return text
  // Whatever was changed stands in the outcome itself.
  const { start, end } = outcome.member.value
  const span = { start, end: end + text.length - outcome.text.length }
  return withNotesAt(text, span, { warnings: [], dryRun })
}

async function judgeOutcome(
  { text, member, isError, wellFormed }: TaskOutcome,
  described: CallDescription,
  { policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  if (!judgesReply(policy, described.call)) return text
  const outcome = { text, span: member.value, isError, wellFormed }
  const verdict = await judge(aboutOutcome(outcome, described), policy, parts)
  const judged = { verdict, hook: 'post', call: described.call, sent: undefined } as const
  await record({ ...judged, bundleDigest: policy.digest, failOpen: false }, parts)
  return enforces(parts.mode) ? leftOf(verdict) : text
}

function ownTask(id: string, call: Call, { tasks }: PipelineParts): KnownTask | undefined {
  const task = tasks.find(call.session, id)
  return task?.owner === call.principal.id ? task : undefined
}

/** The call that began a task, as policy would see it if it were made now. */
function originOf(
  task: KnownTask,
  call: Call,
  { describe }: PipelineParts,
): CallDescription | undefined {
  if (task.call === undefined) return undefined
  const { message, operation } = task.call
  return describe({ ...call, message, operation, direction: 'to_server' })
}

/** What is known of the task that a call is about. */
function taskIn(call: Call, parts: PipelineParts): KnownTask | undefined {
  const id = taskOf(call)
  return id === undefined ? undefined : ownTask(id, call, parts)
}

function taskOf({ message }: Call): string | undefined {
  if (message.form !== 'request' || message.params === undefined) return undefined
  const { members, span } = message.params
  // Of a call that was kept for its reply the members are not recorded.
  const member = members.get('taskId') ?? membersAt(message.text, span).get('taskId')
  return member?.shape === 'string' ? decodeString(message.text, member.value) : undefined
}
