import type { PipedAnswer } from '../domain/answer.js'
import { asGatewayError } from '../domain/errors.js'
import type { Era } from '../domain/era.js'
import type { Chunks } from '../domain/reply.js'
import { readFrame, replaceData, replaceId, type EventFrame } from '../wire/event-stream.js'
import {
  chunksOf,
  collected,
  eventsOf,
  formOf,
  headersBeyond,
  isSaid,
  type AnyAnswer,
  type SaidAnswer,
} from './answers.js'
import { qualified } from './names.js'
import type { Member } from './member.js'

export interface RelayTerms {
  readonly member: Member
  readonly era: Era
  readonly maxMessageBytes: number
}

/** What one server answered, each message with the names by which the client knows its things. */
export async function relayed(answer: AnyAnswer, terms: RelayTerms): Promise<AnyAnswer> {
  if (!isSaid(answer)) return answer
  try {
    switch (formOf(answer)) {
      case 'events':
        return relayedEvents(answer, terms)
      case 'json':
        return await relayedJson(answer, terms)
      case 'other':
        return { ...answer, headers: headersBeyond(answer) }
    }
  } catch (thrown) {
    return { type: 'refused', error: asGatewayError(thrown) }
  }
}

async function relayedJson(
  answer: SaidAnswer,
  { member, era, maxMessageBytes }: RelayTerms,
): Promise<AnyAnswer> {
  const { status } = answer
  const body = await collected(answer, maxMessageBytes)
  const headers = headersBeyond(answer)
  // What is no message at all still says something by its status.
  const isMessage = status < 300 || looksLikeMessage(body)
  const text = body.length > 0 && isMessage ? member.towardsClient(body, era) : body
  return { type: 'whole', status, headers, text }
}

function looksLikeMessage(body: Buffer): boolean {
  return body.includes('"jsonrpc"')
}

function relayedEvents(
  answer: SaidAnswer,
  { member, era, maxMessageBytes }: RelayTerms,
): PipedAnswer {
  const source = chunksOf(answer)
  const events = eventsOf(source, maxMessageBytes)
  const rename = (frame: EventFrame): Buffer =>
    withId(renamed(frame, member, era), (id) => qualified(member.name, id))
  const chunks: Chunks = {
    read: async () => {
      for (;;) {
        const frames = await events.read()
        if (frames === undefined) return undefined
        if (frames.length > 0) return Buffer.concat(frames.map(rename))
      }
    },
    cancel: () => source.cancel(),
  }
  return { type: 'piped', status: answer.status, headers: headersBeyond(answer), chunks }
}

/** The event with the names by which the client knows things; its id is the server's still. */
export function renamed(frame: EventFrame, { towardsClient }: Member, era: Era): EventFrame {
  const { data } = frame
  if (data === undefined || data.length === 0) return frame
  const message = towardsClient(data, era)
  return message === data ? frame : readFrame(replaceData(frame, message))
}

export function withId(frame: EventFrame, name: (id: string) => string): Buffer {
  return frame.id === undefined || frame.id === '' ? frame.raw : replaceId(frame, name(frame.id))
}
