import type { RefusedAnswer } from '../domain/answer.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { JsonValue } from '../domain/json.js'
import type { Message, ResponseMessage } from '../domain/message.js'
import { readMessage } from '../wire/message.js'
import {
  chunksOf,
  collected,
  drop,
  eventsOf,
  formOf,
  isSaid,
  letEnd,
  type AnyAnswer,
  type SaidAnswer,
} from './answers.js'
import { renamedReply, type RelayTerms } from './relay.js'
import { readFromServer } from './towards-client.js'

/** What one of several servers said to the same request. */
export type Heard = HeardResult | HeardNothing

export interface HeardResult {
  readonly type: 'result'
  readonly server: string
  /** With the names by which the client knows its things. */
  readonly message: ResponseMessage
  readonly headers: SaidAnswer['headers']
}

/** No result: why not, and what a client gets that asked nobody else. */
export interface HeardNothing {
  readonly type: 'nothing'
  readonly server: string
  readonly error: GatewayError
  readonly answer: AnyAnswer
  /** The server does not know the method. */
  readonly isUnknown: boolean
}

/** Takes what a server says besides its response; waited for before the next is read. */
export type Aside = (message: Buffer) => Promise<void>

/** What is said besides, to nobody. */
export const ignored: Aside = () => Promise.resolve()

/** Reads an answer up to the response. Never rejects. */
export async function hear(answer: AnyAnswer, terms: RelayTerms, aside: Aside): Promise<Heard> {
  const server = terms.member.name
  if (answer.type === 'refused') return nothing(server, answer.error, answer)
  if (!isSaid(answer)) return nothing(server, invalid('The upstream did not answer'), answer)
  try {
    const form = formOf(answer)
    if (form === 'events') return await heardEvents(answer, terms, aside)
    if (form === 'other') return heardOther(answer, server)
    const text = await collected(answer, terms.maxMessageBytes)
    return heardResponse(renamedReply(text, terms), answer, terms)
  } catch (thrown) {
    drop(answer)
    return nothing(server, asGatewayError(thrown))
  }
}

function heardOther(answer: SaidAnswer, server: string): HeardNothing {
  drop(answer)
  const { status } = answer
  return nothing(server, invalid(`The upstream answered with status ${status}`), {
    type: 'whole',
    status: status < 400 ? 502 : status,
    headers: [],
    text: Buffer.alloc(0),
  })
}

async function heardEvents(answer: SaidAnswer, terms: RelayTerms, aside: Aside): Promise<Heard> {
  const chunks = chunksOf(answer)
  const events = eventsOf(chunks, terms.maxMessageBytes)
  for (let frames = await events.read(); frames !== undefined; frames = await events.read()) {
    for (const { data } of frames) {
      if (data === undefined || data.length === 0) continue
      const message = readFromServer(data)
      if (!terms.belongs(message)) continue
      const named = terms.member.towardsClient(message, terms.era)
      if (message.form === 'response') {
        letEnd(chunks)
        return heardResponse(named, answer, terms)
      }
      await aside(named)
    }
  }
  throw new GatewayError('upstream_unavailable', 'The stream ended without an answer')
}

function heardResponse(text: Buffer, answer: SaidAnswer, terms: RelayTerms): Heard {
  const message: Message = readMessage(text)
  if (message.form !== 'response') throw invalid('The reply is not a JSON-RPC response')
  return heardMessage(message, answer, terms)
}

function heardMessage(
  message: ResponseMessage,
  { status, headers }: SaidAnswer,
  { member }: RelayTerms,
): Heard {
  const server = member.name
  if (message.outcome.type === 'result') return { type: 'result', server, message, headers }
  const code = outcomeMember(message, 'code')
  const said = outcomeMember(message, 'message')
  const text = typeof said === 'string' ? said.slice(0, longestReason) : ''
  const error = invalid(
    `The upstream answered with error ${typeof code === 'number' ? code : ''}: ${text}`,
  )
  const answer = {
    type: 'whole',
    status,
    headers: [['content-type', 'application/json']],
    text: message.text,
  } as const
  return { ...nothing(server, error, answer), isUnknown: code === methodNotFound }
}

const methodNotFound = -32601
const longestReason = 200

export function nothing(
  server: string,
  error: GatewayError,
  answer: AnyAnswer = { type: 'refused', error } satisfies RefusedAnswer,
): HeardNothing {
  return { type: 'nothing', server, error, answer, isUnknown: false }
}

function invalid(message: string): GatewayError {
  return new GatewayError('upstream_invalid', message)
}

/** A member of the result or error of a response, to look at; what goes on is cut from the text. */
export function outcomeMember(
  { text, members }: ResponseMessage,
  key: string,
): JsonValue | undefined {
  const member = members.get(key)
  if (member === undefined) return undefined
  const { start, end } = member.value
  return JSON.parse(text.toString('utf8', start, end)) as JsonValue
}
