import type { ResponseMessage } from '../domain/message.js'
import type { BridgeParts } from './bridge-parts.js'
import type { Cancellation } from './cancellation.js'
import { capabilityFor, declares } from './capabilities.js'
import type { LateReply } from './late-reply.js'
import type { LegacyClient } from './legacy-clients.js'
import { comparableId, notificationText, outcomeText, requestText } from './messages.js'
import { entriesOf, objectOf, stringOf, textAt, withMembers } from './object-text.js'
import type { SessionCard } from './session-card.js'

/** The client cannot or will not answer what the server asks. `message` is for the model or user. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError'
}

interface Asking {
  readonly client: LegacyClient
  readonly card: SessionCard
  readonly late: LateReply
  readonly cancellation: Cancellation
  readonly parts: BridgeParts
}

/**
 * Asks a legacy client what a modern server wants to know (`inputRequests`), on the stream of its call, and gives the
 * `inputResponses` as JSON text; undefined where nothing was asked.
 * @throws UnansweredError
 */
export async function ask(
  inputRequests: string | undefined,
  asking: Asking,
): Promise<string | undefined> {
  const questions = entriesOf(inputRequests).map(([key, text]) => readQuestion(key, text))
  if (questions.length === 0) return undefined
  for (const question of questions) refuseImpossible(question, asking.card)
  const open = questions.map((question) => pose(question, asking))
  try {
    const answers = await inTime(Promise.all(open.map(({ answer }) => answer)), asking)
    return withMembers(undefined, Object.fromEntries(answers))
  } finally {
    for (const { withdraw } of open) withdraw()
  }
}

interface Question {
  readonly key: string
  readonly method: string
  readonly params: string | undefined
}

function readQuestion(key: string, text: string): Question {
  return { key, method: stringOf(textAt(text, 'method')) ?? '', params: textAt(text, 'params') }
}

function refuseImpossible({ key, method, params }: Question, { capabilities }: SessionCard): void {
  const needed = capabilityFor(method, objectOf(params))
  if (needed !== undefined && declares(capabilities, needed)) return
  throw new UnansweredError(
    `The server asks for ${JSON.stringify(key)} (${method}), which this client did not say it can do`,
  )
}

function pose(question: Question, { client, late, parts }: Asking) {
  const { key, method } = question
  const id = JSON.stringify(`bridged-${parts.newId()}`)
  const place = comparableId(id)
  const answer = new Promise<readonly [string, string]>((resolve, reject) => {
    client.questions.set(place, (response) => {
      client.questions.delete(place)
      if (response.outcome.type === 'result') resolve([key, outcomeText(response)])
      else reject(new UnansweredError(refusalOf(response, method)))
    })
  })
  late.note(requestText(id, method, paramsOf(question, parts)))
  return {
    answer,
    withdraw: () => {
      if (!client.questions.delete(place)) return
      late.note(notificationText('notifications/cancelled', `{"requestId":${id}}`))
    },
  }
}

/** The older revisions name every page that a user is sent to. */
function paramsOf({ method, params }: Question, { newId }: BridgeParts): string | undefined {
  const isPage = method === 'elicitation/create' && stringOf(textAt(params, 'mode')) === 'url'
  if (!isPage || textAt(params, 'elicitationId') !== undefined) return params
  return withMembers(params, { elicitationId: JSON.stringify(newId()) })
}

function refusalOf(response: ResponseMessage, method: string): string {
  const said = stringOf(textAt(outcomeText(response), 'message')) ?? ''
  return `The client did not answer ${method}: ${said}`
}

/** @throws UnansweredError after `answerMs`, or when nobody waits any more */
async function inTime<Value>(
  answers: Promise<Value>,
  { cancellation, parts }: Asking,
): Promise<Value> {
  let end = (): void => undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    const give = (message: string): void => reject(new UnansweredError(message))
    const timer = setTimeout(
      () => give('The client took too long to answer'),
      parts.limits.answerMs,
    )
    timer.unref()
    const off = cancellation.on(() => give('The call was cancelled'))
    end = () => {
      clearTimeout(timer)
      off()
    }
  })
  try {
    return await Promise.race([answers, tooLate])
  } finally {
    end()
  }
}
