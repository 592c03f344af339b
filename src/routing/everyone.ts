import type { Call } from '../domain/call.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { drop, errorAnswer, messageAnswer, resultAnswer, type AnyAnswer } from './answers.js'
import { ask } from './ask.js'
import { handled, type Asking } from './asking.js'
import { callTo } from './call-to.js'
import { askSeveral, resultsOf, type FanOutParts } from './fan-out.js'
import type { Aside } from './hear.js'
import type { Member } from './member.js'
import { toRequest } from './belonging.js'
import { hear } from './hear.js'
import { inTime } from './in-time.js'
import { offers, type Seat } from './session-map.js'

/** Asks all servers the same, such as `ping`: who is asked has done it when any of them has. */
export async function askEveryone(
  asking: Asking,
  message: RequestMessage,
  aside: Aside,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { parts, seats } = fanOut
  const questions = present(asking.call, fanOut)
    .filter(({ seat }) => offers(seat, message.method))
    .map(({ member }) => ({ member }))
  const heard = await askSeveral(asking, questions, aside, fanOut)
  const { results, missing } = resultsOf(heard, asking, parts)
  for (const { member } of questions) seats.noteSetting(asking.call, member)
  const [result] = results
  if (result === undefined) return missing[0]?.answer ?? unknownMethod(message, asking.call)
  const { span } = result.message.outcome
  return resultAnswer(message.id, result.message.text.toString('utf8', span.start, span.end))
}

/** A method that only an extension has goes to the first server that knows it. */
export async function askFirstThatKnows(
  asking: Asking,
  message: RequestMessage,
  aside: Aside,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { call } = asking
  const { maxMessageBytes, newId, inFlight } = fanOut.parts
  for (const { member } of present(call, fanOut)) {
    const { answer } = await ask(asking, member, { id: newId() }, fanOut)
    const belongs = toRequest(call, message, member, inFlight)
    const heard = await hear(answer, { member, era: call.era, maxMessageBytes, belongs }, aside)
    if (heard.type === 'result') return messageAnswer(heard.message.text)
    if (!heard.isUnknown && heard.error.code !== 'method_not_found') return heard.answer
  }
  return unknownMethod(message, call)
}

/** To a legacy client 404 would say that its session is gone. */
function unknownMethod({ id, method }: RequestMessage, { era }: Call): AnyAnswer {
  const answer = errorAnswer(id, -32601, `Method not found: ${method}`)
  return era === 'modern' ? { ...answer, status: 404 } : answer
}

/**
 * Tells all servers, or only the one that it is meant for.
 * @throws GatewayError `session_not_found` where the client has to begin again
 */
export async function notify(
  asking: Asking,
  message: NotificationMessage,
  only: string | undefined,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { newId, longestWaitMs } = fanOut.parts
  const told = present(asking.call, fanOut).filter(
    ({ member }) => only === undefined || member.name === only,
  )
  const answers = await Promise.all(
    told.map(({ member, seat }) => {
      const call = callTo(asking.call, member, seat, { id: newId() })
      const work = async (attempt: Asking): Promise<AnyAnswer> => {
        const answer = await handled(attempt, member, call)
        drop(answer)
        return answer
      }
      return inTime<AnyAnswer>(asking, longestWaitMs, work, (error) => ({ type: 'refused', error }))
    }),
  )
  const [first, ...others] = answers
  const isRefused = (answer: AnyAnswer): boolean => answer.type === 'refused'
  return first !== undefined && isRefused(first) && others.every(isRefused)
    ? first
    : { type: 'accepted' }
}

/** The servers in whose sessions the caller is. */
export function present(
  call: Call,
  { parts: { members }, seats }: FanOutParts,
): readonly { readonly member: Member; readonly seat: Seat }[] {
  const taken = seats.taken(call)
  return [...members.values()].flatMap((member) => {
    const seat = taken.get(member.name)
    return seat === undefined ? [] : [{ member, seat }]
  })
}
