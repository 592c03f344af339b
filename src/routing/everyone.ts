import type { Call } from '../domain/call.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { drop, errorAnswer, resultAnswer, type AnyAnswer } from './answers.js'
import { ask } from './ask.js'
import { handled, type Asking } from './asking.js'
import { callTo } from './call-to.js'
import { askSeveral, resultsOf, type FanOutParts } from './fan-out.js'
import type { Aside } from './hear.js'
import type { Member } from './member.js'
import { relayed } from './relay.js'
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
  if (result === undefined) return missing[0]?.answer ?? unknownMethod(message)
  const { span } = result.message.outcome
  return resultAnswer(message.id, result.message.text.toString('utf8', span.start, span.end))
}

/** A method that only an extension has goes to the first server that knows it. */
export async function askFirstThatKnows(
  asking: Asking,
  message: RequestMessage,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { call } = asking
  const { maxMessageBytes, newId } = fanOut.parts
  for (const { member } of present(call, fanOut)) {
    const { answer } = await ask(asking, member, { id: newId() }, fanOut)
    const named = await relayed(answer, { member, era: call.era, maxMessageBytes })
    if (!isUnknown(named)) return named
    drop(named)
  }
  return unknownMethod(message)
}

function isUnknown(answer: AnyAnswer): boolean {
  if (answer.type === 'refused') return answer.error.code === 'method_not_found'
  return (
    answer.type === 'whole' && /"code"\s*:\s*-32601\b/.test(answer.text.toString('latin1', 0, 4096))
  )
}

function unknownMethod({ id, method }: RequestMessage): AnyAnswer {
  return errorAnswer(id, -32601, `Method not found: ${method}`)
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
  const told = present(asking.call, fanOut).filter(
    ({ member }) => only === undefined || member.name === only,
  )
  const answers = await Promise.all(
    told.map(async ({ member, seat }): Promise<AnyAnswer> => {
      const call = callTo(asking.call, member, seat, { id: fanOut.parts.newId() })
      const answer = await handled(asking, member, call)
      drop(answer)
      return answer
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
