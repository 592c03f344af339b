import type { PipedAnswer } from '../domain/answer.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
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
import type { Belongs } from './belonging.js'
import { qualified } from './names.js'
import type { Member } from './member.js'
import { readFromServer } from './towards-client.js'

export interface RelayTerms {
  readonly member: Member
  readonly era: Era
  readonly maxMessageBytes: number
  readonly belongs: Belongs
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

async function relayedJson(answer: SaidAnswer, terms: RelayTerms): Promise<AnyAnswer> {
  const { status } = answer
  const body = await collected(answer, terms.maxMessageBytes)
  const headers = headersBeyond(answer)
  // What is no message at all still says something by its status.
  const isMessage = status < 300 || looksLikeMessage(body)
  const text = body.length > 0 && isMessage ? renamedReply(body, terms) : body
  return { type: 'whole', status, headers, text }
}

/** @throws GatewayError `upstream_invalid` where it is no message, or no reply to what was asked */
export function renamedReply(body: Buffer, { member, era, belongs }: RelayTerms): Buffer {
  const message = readFromServer(body)
  if (belongs(message)) return member.towardsClient(message, era)
  throw new GatewayError('upstream_invalid', 'The upstream answered what it was not asked')
}

function looksLikeMessage(body: Buffer): boolean {
  return body.includes('"jsonrpc"')
}

function relayedEvents(answer: SaidAnswer, terms: RelayTerms): PipedAnswer {
  const source = chunksOf(answer)
  const events = eventsOf(source, terms.maxMessageBytes)
  const rename = (frame: EventFrame): Buffer => {
    const own = renamed(frame, terms)
    return own === undefined ? nothing : withId(own, (id) => qualified(terms.member.name, id))
  }
  const chunks: Chunks = {
    read: async () => {
      for (;;) {
        const frames = await events.read()
        if (frames === undefined) return undefined
        const said = Buffer.concat(frames.map(rename))
        if (said.length > 0) return said
      }
    },
    cancel: () => source.cancel(),
  }
  return { type: 'piped', status: answer.status, headers: headersBeyond(answer), chunks }
}

const nothing = Buffer.alloc(0)

/**
 * The event with the names by which the client knows things; its id is the server's still. Undefined for one that does
 * not belong on this stream.
 * @throws GatewayError `upstream_invalid`
 */
export function renamed(
  frame: EventFrame,
  { member, era, belongs }: Omit<RelayTerms, 'maxMessageBytes'>,
): EventFrame | undefined {
  const { data } = frame
  if (data === undefined || data.length === 0) return frame
  const message = readFromServer(data)
  if (!belongs(message)) return undefined
  const text = member.towardsClient(message, era)
  return text === data ? frame : readFrame(replaceData(frame, text))
}

function withId(frame: EventFrame, name: (id: string) => string): Buffer {
  return frame.id === undefined || frame.id === '' ? frame.raw : replaceId(frame, name(frame.id))
}
