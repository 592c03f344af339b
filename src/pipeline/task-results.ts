import type { Call } from '../domain/call.js'
import type { CallDescription } from '../domain/policy-input.js'
import type { Member, Members, ResponseMessage } from '../domain/message.js'
import { membersAt } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { readMessage } from '../wire/message.js'
import { aboutOutcome, enforces, judge, record } from './judge.js'
import type { PipelineParts } from './parts.js'
import { leftOf } from './refuse.js'
import type { Judging } from './judging.js'
import type { ResponseStep } from './response-steps.js'

/** Results of earlier calls that stand in what is said of their tasks. */
export const taskResults: ResponseStep = {
  reads: ({ call, policy }) => policy.hooks.post && call.operation.kind === 'tasks/get',
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
  const id = taskOf(judging.call)
  const described = id === undefined ? undefined : originOf(id, judging.call, parts)
  return described === undefined ? judging : { ...judging, call: described.call, described }
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
  const described = outcomes.length === 0 ? undefined : originOf(taskId, judging.call, parts)
  if (described === undefined) return said.text
  let text = said.text
  // From the last to the first, so that what was found before stays where it is.
  const backwards = outcomes.toSorted((a, b) => b.member.value.start - a.member.value.start)
  for (const { type, member } of backwards) {
    const outcome = { text, member, isError: type === 'error', wellFormed: said.wellFormed }
    text = await releaseOutcome(outcome, described, judging, parts)
  }
  return text
}

interface TaskOutcome {
  readonly text: Buffer
  readonly member: Member
  readonly isError: boolean
  readonly wellFormed: boolean
}

async function releaseOutcome(
  { text, member, isError, wellFormed }: TaskOutcome,
  described: CallDescription,
  { policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const outcome = { text, span: member.value, isError, wellFormed }
  const verdict = await judge(aboutOutcome(outcome, described), policy, parts)
  const judged = { verdict, hook: 'post', call: described.call, sent: undefined } as const
  await record({ ...judged, bundleDigest: policy.digest, failOpen: false }, parts)
  return enforces(parts.mode) ? leftOf(verdict) : text
}

/** The call that began a task of this caller's, as policy would see it if it were made now. */
function originOf(
  id: string,
  call: Call,
  { tasks, describe }: PipelineParts,
): CallDescription | undefined {
  const task = tasks.find(call.session, id)
  if (task?.call === undefined || task.owner !== call.principal.id) return undefined
  const { message, operation } = task.call
  return describe({ ...call, message, operation, direction: 'to_server' })
}

/** The task that a call is about. */
function taskOf({ message }: Call): string | undefined {
  if (message.form !== 'request' || message.params === undefined) return undefined
  const { members, span } = message.params
  // Of a call that was kept for its reply the members are not recorded.
  const member = members.get('taskId') ?? membersAt(message.text, span).get('taskId')
  return member?.shape === 'string' ? decodeString(message.text, member.value) : undefined
}
