import { setImmediate } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { Member, Message, ResponseMessage } from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { answeredMethod } from '../wire/answered-method.js'
import { membersAt, spliced, type Splice } from '../wire/json-parts.js'
import { enforces } from './judge.js'
import { judgeAnswer } from './judge-answer.js'
import type { PipelineParts } from './parts.js'
import { refusal, unrehearsed } from './refuse.js'
import { rewritten } from './rewritten-call.js'

/**
 * The answers to a server's requests that a call of the modern era brings along, each judged at post under the method
 * that it answers. Gives the call as it goes on; the same object where nothing was changed.
 * @throws GatewayError a refusal, or `invalid_params` where there are too many
 */
export function admitInputResponses(
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Call | Promise<Call> {
  const { message } = call
  // A call without an id is a call to whoever does not look for one.
  const given =
    message.form === 'response' ? undefined : message.params?.members.get('inputResponses')
  if (!policy.hooks.post || given === undefined) return call
  return admitAnswers(call, answersIn(message, given), policy, parts)
}

/** A server asks for a few things at a time, and judging the answers must come to an end. */
const mostAnswers = 256
const decidedInOneTurn = 16

interface Answered {
  readonly answer: ResponseMessage
  readonly kind: string
}

/** The answers, or too many of them. What is no map of answers is judged as one that nobody asked for. */
function answersIn(message: Message, { shape, value }: Member): readonly Answered[] {
  if (shape !== 'object') return [answerAt(message, value)]
  const entries = [...membersAt(message.text, value).values()].slice(0, mostAnswers + 1)
  return entries.map((entry) => answerAt(message, entry.value))
}

function answerAt({ text, wellFormed }: Message, span: Span): Answered {
  const members = membersAt(text, span)
  const outcome = { type: 'result', span } as const
  const answer = { form: 'response', text, id: 'null', outcome, members, wellFormed } as const
  // What could be the answer to two methods is judged as one that nobody asked for.
  return { answer, kind: answeredMethod((name) => members.has(name)) ?? 'unsolicited' }
}

async function admitAnswers(
  call: Call,
  answers: readonly Answered[],
  policy: Policy,
  parts: PipelineParts,
): Promise<Call> {
  const { message } = call
  if (answers.length > mostAnswers && enforces(parts.mode)) throw tooMany()
  const splices: Splice[] = []
  let refused: GatewayError | undefined
  for (const [index, { answer, kind }] of answers.slice(0, mostAnswers).entries()) {
    if (index % decidedInOneTurn === decidedInOneTurn - 1) await setImmediate()
    const operation = { type: 'other', kind, params: undefined } as const
    const answering = { ...call, message: answer, operation }
    const { decision, decisionId, text } = await judgeAnswer(answer, answering, policy, parts)
    if (decision.effect !== 'allow') {
      refused ??= refusal(unrehearsed(decision), decisionId, { forwarded: false })
    } else if (text !== message.text) {
      splices.push(spliceOf(answer.outcome.span, message.text, text))
    }
  }
  if (!enforces(parts.mode)) return call
  if (refused !== undefined) throw refused
  return splices.length === 0 ? call : withText(call, spliced(message.text, splices))
}

function tooMany(): GatewayError {
  return new GatewayError(
    'invalid_params',
    `"params.inputResponses" has more than ${mostAnswers} members`,
  )
}

/** What became of one answer in a text in which nothing else was changed. */
function spliceOf({ start, end }: Span, before: Buffer, after: Buffer): Splice {
  return {
    span: { start, end },
    text: after.subarray(start, end + after.length - before.length),
  }
}

function withText(call: Call, text: Buffer): Call {
  const sent = rewritten(call, text)
  if (sent instanceof GatewayError) throw sent
  return sent
}
