import type { Call } from '../domain/call.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import { drop, isSaid, type AnyAnswer } from './answers.js'
import { handled, type Asking } from './asking.js'
import { callTo } from './call-to.js'
import type { Member } from './member.js'
import type { AggregateParts } from './parts.js'
import { isLost, type SeatFinder } from './seats.js'

/** What a server answered, and to which call. */
export interface Answered {
  readonly call: Call
  readonly answer: AnyAnswer
}

export interface AskOptions {
  /** Of the first attempt; another one is a call of its own. */
  readonly id: string
  /** Where it is not the client's message with the server's own names. */
  readonly text?: Buffer
}

/**
 * Asks one server in the client's session there. A request that was turned away because the session is lost is made once
 * more in a new one.
 * @throws GatewayError `session_not_found` where the client has to begin again
 */
export async function ask(
  asking: Asking,
  member: Member,
  options: AskOptions,
  { parts, seats }: { readonly parts: AggregateParts; readonly seats: SeatFinder },
): Promise<Answered> {
  const { call } = asking
  let seat
  try {
    seat = await seats.take(asking, member)
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.code === 'session_not_found') throw error
    return { call, answer: { type: 'refused', error } }
  }
  const first = callTo(call, member, seat, options)
  const answer = await handled(asking, member, first)
  if (!isLost(answer, seat)) return { call: first, answer: foundBy(answer, call) }
  drop(answer)
  const again = await seats.replace(asking, member, seat)
  const second = callTo(call, member, again, { ...options, id: parts.newId() })
  return { call: second, answer: foundBy(await handled(asking, member, second), call) }
}

/** To a legacy client 404 says that its whole session is gone. One server may not say so. */
function foundBy(answer: AnyAnswer, { era }: Call): AnyAnswer {
  const isSaidGone =
    (isSaid(answer) && answer.status === 404) ||
    (answer.type === 'refused' && answer.error.code === 'session_not_found')
  if (era === 'modern' || !isSaidGone) return answer
  drop(answer)
  const error = new GatewayError('upstream_invalid', 'The upstream answered with status 404')
  return { type: 'refused', error }
}
