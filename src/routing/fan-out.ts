import { asGatewayError, GatewayError } from '../domain/errors.js'
import { refuseInBand, type Refused, type Telling } from '../wire/refusal.js'
import { eventsAnswer, type AnyAnswer } from './answers.js'
import { ask } from './ask.js'
import type { Asking } from './asking.js'
import {
  hear,
  nothing,
  type Aside,
  type Heard,
  type HeardNothing,
  type HeardResult,
} from './hear.js'
import type { Member } from './member.js'
import { createOutlet } from './outlet.js'
import { toRequest } from './belonging.js'
import { inTime } from './in-time.js'
import type { AggregateParts } from './parts.js'
import type { SeatFinder } from './seats.js'

export interface FanOutParts {
  readonly parts: AggregateParts
  readonly seats: SeatFinder
}

/** One server, and what it is asked where that is not the client's own message. */
export interface Question {
  readonly member: Member
  readonly text?: Buffer
}

/**
 * Asks several servers at once; gives what they said in the order of the questions.
 * @throws GatewayError `session_not_found` where the client has to begin again
 */
export function askSeveral(
  asking: Asking,
  questions: readonly Question[],
  aside: Aside,
  { parts, seats }: FanOutParts,
): Promise<readonly Heard[]> {
  const { maxMessageBytes, newId, longestWaitMs, inFlight } = parts
  const { era, message } = asking.call
  return Promise.all(
    questions.map(({ member, text }) => {
      const belongs = toRequest(asking.call, message, member, inFlight)
      const terms = { member, era, maxMessageBytes, belongs }
      const work = async (attempt: Asking): Promise<Heard> => {
        const options = { id: newId(), ...(text === undefined ? {} : { text }) }
        const { answer } = await ask(attempt, member, options, { parts, seats })
        return hear(answer, terms, aside)
      }
      return inTime(asking, longestWaitMs, work, (error) => nothing(member.name, error))
    }),
  )
}

/** The results among what was heard; what is missing is reported, unless the server does not know the method. */
export function resultsOf(
  heard: readonly Heard[],
  { call, lines }: Asking,
  { events }: AggregateParts,
): { readonly results: readonly HeardResult[]; readonly missing: readonly HeardNothing[] } {
  const results = heard.filter((each) => each.type === 'result')
  const missing = heard.filter((each) => each.type === 'nothing')
  for (const { server } of results) events.serverTookPart(server)
  for (const { server, error, isUnknown } of missing) {
    // Where the caller has gone, nobody failed.
    const isFailure = !isUnknown && !isRefusal(error)
    if (isFailure && !lines.happened) events.serverLeftOut(server, call.operation.kind, error)
  }
  return { results, missing }
}

/** What policy keeps from this caller is no fault of the server. */
function isRefusal({ code, detail }: GatewayError): boolean {
  return detail !== undefined && !code.startsWith('upstream_')
}

/**
 * The answer that `work` puts together from several. Where a server says something besides, such as progress, the answer
 * becomes a stream that begins with it; else it is one JSON message, which some clients need it to be.
 */
export async function merged(
  work: (aside: Aside) => Promise<AnyAnswer>,
  { asked, asking, telling }: { asked: Refused; asking: Asking; telling: Telling },
): Promise<AnyAnswer> {
  const outlet = createOutlet(() => asking.lines.hangUp())
  const asides = { open: false }
  let open: () => void = () => undefined
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined)
  })
  const answer = work((message) => {
    asides.open = true
    open()
    outlet.say(message)
    return outlet.ready()
  })
  const first = await Promise.race([answer, opened])
  if (!asides.open && first !== undefined) return first
  const inBand = (error: GatewayError): Buffer => refuseInBand(error, asked, telling)
  const refusedBy = (thrown: unknown): AnyAnswer => ({
    type: 'refused',
    error: asGatewayError(thrown),
  })
  void answer.catch(refusedBy).then((last) => {
    outlet.say(last.type === 'whole' ? last.text : inBand(errorOf(last)))
    outlet.end()
  })
  return eventsAnswer(outlet.chunks)
}

/** What is put together is whole or refused. */
function errorOf(answer: AnyAnswer): GatewayError {
  return answer.type === 'refused'
    ? answer.error
    : new GatewayError('upstream_invalid', 'The upstreams gave no answer')
}
