import type { CandidateQuestion, Observed } from '../domain/candidate.js'
import type { Call } from '../domain/call.js'
import type { Allow, Decision, ListDecision } from '../domain/decision.js'
import type { ResponseMessage } from '../domain/message.js'
import {
  inputAt,
  type CallDescription,
  type JudgedResponse,
  type PolicyInput,
} from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import { readMessage } from '../wire/message.js'
import type { Permitted } from './admit.js'
import { unruled } from './judge.js'
import { judgesReply } from './judging.js'
import { listMethod } from './list-methods.js'
import { readPage } from './list-page.js'
import type { PipelineParts } from './parts.js'

/** What the policy in force was asked and has answered. */
export function asJudged(
  input: PolicyInput,
  decided: Decision | ListDecision,
  decisionId: string,
  items?: readonly string[],
): Observed {
  const { call, document } = input
  return {
    call,
    decisionId,
    bytes: document.length + sizeOf(call),
    question: () => ({ input, decided, items }),
  }
}

/** Shows a call that was let go on because no policy is there. */
export function showUnjudged(
  call: Call,
  decided: Allow,
  decisionId: string,
  { trial, describe, now }: PipelineParts,
): void {
  if (trial === undefined) return
  const time = now()
  trial.saw({
    call,
    decisionId,
    bytes: 2 * sizeOf(call),
    question: () => ({ input: inputAt(describe(call), { hook: 'pre', time }), decided }),
  })
}

/** Shows a response as it came, as far as the policy in force has nothing to say about it. */
export function showReply(text: Buffer, permitted: Permitted, parts: PipelineParts): void {
  const { trial } = parts
  if (trial === undefined) return
  const { call, policy, decisionId } = permitted
  const time = parts.now()
  const show = (ask: (message: ResponseMessage) => CandidateQuestion | undefined): void =>
    trial.saw({
      call,
      decisionId,
      bytes: text.length + 2 * sizeOf(call),
      question: () => {
        const message = readMessage(text)
        return message.form === 'response' ? ask(message) : undefined
      },
    })
  if (trial.hooks.post && !(policy && judgesReply(policy, call))) {
    show((message) => aboutReply(message, time, permitted, parts))
  }
  if (trial.hooks.list && policy?.hooks.list !== true) {
    const method = listMethod(call.operation.kind)
    if (method !== undefined) show((message) => aboutList(message, time, permitted, parts))
  }
}

/** Shows a notification of the server, which is its call, where the policy in force has nothing to say about it. */
export function showNotification(
  call: Call,
  response: JudgedResponse,
  policy: Policy,
  { trial, describe, now }: PipelineParts,
): void {
  if (trial?.hooks.post !== true) return
  const moment = { hook: 'post', time: now(), response } as const
  trial.saw({
    call,
    decisionId: '',
    bytes: 2 * sizeOf(call),
    question: () => ({ input: inputAt(describe(call), moment), decided: passedBy({ policy }) }),
  })
}

/** Whether the candidate would have something to say about a reply that nobody else has to read. */
export function isShown({ call, policy }: Permitted, { trial }: PipelineParts): boolean {
  if (trial === undefined) return false
  const { post, list } = trial.hooks
  if (post && !(policy && judgesReply(policy, call))) return true
  return list && policy?.hooks.list !== true && listMethod(call.operation.kind) !== undefined
}

function aboutReply(
  { text, outcome }: ResponseMessage,
  time: number,
  permitted: Permitted,
  parts: PipelineParts,
): CandidateQuestion {
  const response = { text, span: outcome.span, isError: outcome.type === 'error' }
  const input = inputAt(descriptionOf(permitted, parts), { hook: 'post', time, response })
  return { input, decided: passedBy(permitted) }
}

function aboutList(
  message: ResponseMessage,
  time: number,
  permitted: Permitted,
  parts: PipelineParts,
): CandidateQuestion | undefined {
  const method = listMethod(permitted.call.operation.kind)
  if (method === undefined || message.outcome.type === 'error') return undefined
  const { span, names } = readPage(message, method)
  const items = { text: message.text, span }
  const input = inputAt(descriptionOf(permitted, parts), { hook: 'list', time, items })
  return { input, decided: { ...passedBy(permitted), names }, items: names }
}

function descriptionOf(
  { call, described }: Permitted,
  { describe }: PipelineParts,
): CallDescription {
  return described?.call === call ? described : describe(call)
}

/** What was done: nobody had anything to say. */
function passedBy({ policy }: Pick<Permitted, 'policy'>): Allow {
  const revision = policy?.revision ?? ''
  return { ...unruled, revision, effect: 'allow', reason: '', obligations: [] }
}

function sizeOf({ message }: Call): number {
  return message.text.length + 4096
}
