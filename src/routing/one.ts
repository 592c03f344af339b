import type { RequestMessage, ResponseMessage } from '../domain/message.js'
import { errorAnswer, type AnyAnswer } from './answers.js'
import { ask } from './ask.js'
import { toRequest } from './belonging.js'
import type { Asking } from './asking.js'
import type { FanOutParts } from './fan-out.js'
import type { Member } from './member.js'
import { relayed } from './relay.js'
import type { Target } from './targets.js'

/**
 * Asks the one server that it is about; the answer goes on as it comes.
 * @throws GatewayError `session_not_found` where the client has to begin again
 */
export async function askOne(
  asking: Asking,
  member: Member,
  message: RequestMessage | ResponseMessage,
  { parts, seats }: FanOutParts,
): Promise<AnyAnswer> {
  const { call } = asking
  const { answer } = await ask(asking, member, { id: call.id }, { parts, seats })
  if (answer.type !== 'refused') seats.noteSetting(call, member)
  const { maxMessageBytes, inFlight } = parts
  const belongs = toRequest(call, message, member, inFlight)
  return relayed(answer, { member, era: call.era, maxMessageBytes, belongs })
}

/** What a server says of a name that it does not have. */
export function unknown(
  { type, name }: Target,
  { id }: RequestMessage,
  isModern: boolean,
): AnyAnswer {
  switch (type) {
    case 'tool':
    case 'prompt':
    case 'task':
      return errorAnswer(id, invalidParams, `Unknown ${type}: ${name}`)
    case 'resource':
      return errorAnswer(id, isModern ? invalidParams : notFound, `Resource not found: ${name}`)
  }
}

const invalidParams = -32602
/** Of the legacy era only. */
const notFound = -32002
