import type { Answer } from '../domain/answer.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import { drop, eventsAnswer, formOf, isSaid, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { streamCallTo } from './call-to.js'
import { toListener, toResumed } from './belonging.js'
import { canBeKept, readProgress, writeProgress } from './event-ids.js'
import type { FanOutParts } from './fan-out.js'
import { createVerdict, type Verdict } from './first-verdict.js'
import { follow, type Opened } from './follow.js'
import type { Member } from './member.js'
import { ownerOf } from './names.js'
import { createOutlet, type Outlet } from './outlet.js'
import { asOneOf, isTelling } from './one-of-several.js'
import { relayed, renamed } from './relay.js'
import { isLost } from './seats.js'
import type { Seat } from './session-map.js'

/** Longest wait for a server's headers before the client gets its own, milliseconds. */
const headersWaitMs = 1_000

/**
 * A client's stream (GET): what all servers say on theirs, for as long as it listens; or the rest of the one stream that
 * it resumes.
 * @throws GatewayError `session_not_found`, `method_not_allowed` where no server has a stream
 */
export async function listen(asking: Asking, fanOut: FanOutParts): Promise<AnyAnswer> {
  const lastEventId = asking.call.headers['last-event-id'] ?? ''
  const resumed = ownerOf(lastEventId)
  const member = fanOut.parts.members.get(resumed?.server ?? '')
  return resumed !== undefined && member !== undefined
    ? resume(asking, member, resumed.bare, fanOut)
    : listenToAll(asking, lastEventId, fanOut)
}

async function resume(
  asking: Asking,
  member: Member,
  lastEventId: string,
  { parts, seats }: FanOutParts,
): Promise<AnyAnswer> {
  const { call, lines } = asking
  const seat = await seats.take(asking, member)
  const stream = streamCallTo(call, member, seat, lastEventId)
  const answer = await member.pipeline.listen(stream, lines.line())
  if (isLost(answer, seat)) {
    drop(answer)
    // What was on it is gone with the session, whatever comes in its place.
    throw new GatewayError('session_not_found', 'Session not found')
  }
  const belongs = toResumed(call, member, parts.inFlight)
  const { maxMessageBytes } = parts
  return relayed(answer, { member, era: 'legacy', maxMessageBytes, belongs })
}

async function listenToAll(
  asking: Asking,
  lastEventId: string,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { call, lines } = asking
  const { parts, seats } = fanOut
  const taken = seats.taken(call)
  const heard = [...parts.members.values()].filter(
    ({ name }) => taken.has(name) || seats.canJoin(call),
  )
  const verdict = createVerdict(heard.length, lines.pause(headersWaitMs))
  const outlet = createOutlet(() => lines.hangUp())
  const joined = announceJoined(asking, outlet, fanOut)
  const progress = new Map(readProgress(lastEventId) ?? [])
  const listening = { asking, outlet, verdict, progress, fanOut }
  const all = heard.map((member) => followOne(member, listening))
  void Promise.all(all)
    .then(
      () => outlet.end(),
      (thrown: unknown) => {
        const error = asGatewayError(thrown)
        verdict.lose(error)
        lines.hangUp()
        outlet.fail(error)
      },
    )
    .finally(joined)
  const given = await verdict.given
  if (given === 'open') return eventsAnswer(outlet.chunks)
  lines.hangUp()
  throw given === 'never'
    ? new GatewayError(
        'method_not_allowed',
        'No server behind this endpoint has a stream of its own',
      )
    : given
}

interface Listening {
  readonly asking: Asking
  readonly outlet: Outlet
  readonly verdict: Verdict
  /** The last event of each server. */
  readonly progress: Map<string, string>
  readonly fanOut: FanOutParts
}

async function followOne(member: Member, listening: Listening): Promise<void> {
  const { asking, outlet, verdict, progress, fanOut } = listening
  const { name } = member
  const belongs = toListener(asking.call, member, fanOut.parts.inFlight)
  await follow({
    lines: asking.lines,
    maxMessageBytes: fanOut.parts.maxMessageBytes,
    open: (lines) => open(member, { ...asking, lines, calls: [] }, progress, fanOut),
    told: (opened) => verdict.say(name, opened),
    pass: async (frame) => {
      const { id = '' } = frame
      if (canBeKept(id)) progress.set(name, id)
      const own = renamed(frame, { member, era: 'legacy', belongs })
      const eventId = id === '' || progress.size === 0 ? '' : writeProgress(progress, name)
      if (own === undefined) {
        fanOut.parts.events.messageDropped(name, 'it is about no request of this server')
        return false
      }
      outlet.write(asOneOf(own, eventId))
      await outlet.ready()
      return isTelling(own)
    },
    ended: () => true,
  })
}

/** @throws GatewayError `session_not_found` */
async function open(
  member: Member,
  asking: Asking,
  progress: Map<string, string>,
  { seats }: FanOutParts,
): Promise<Opened> {
  const { call, lines } = asking
  const opening = (seat: Seat): Promise<Answer> =>
    member.pipeline.listen(
      streamCallTo(call, member, seat, progress.get(member.name)),
      lines.line(),
    )
  try {
    const seat = await seats.take(asking, member)
    const answer = await opening(seat)
    if (!isLost(answer, seat)) return openedBy(answer)
    drop(answer)
    progress.delete(member.name)
    return openedBy(await opening(await seats.replace(asking, member, seat)))
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.code === 'session_not_found') throw error
    return failed(error)
  }
}

function openedBy(answer: AnyAnswer): Opened {
  if (isSaid(answer) && answer.status < 300 && formOf(answer) === 'events') {
    return { type: 'open', chunks: answer.type === 'piped' ? answer.chunks : nothingToRead }
  }
  drop(answer)
  const isForGood = isSaid(answer) && answer.status === 405
  return isForGood
    ? { type: 'never' }
    : failed(new GatewayError('upstream_unavailable', 'The server opened no stream'))
}

const nothingToRead = { read: () => Promise.resolve(undefined), cancel: () => undefined }

/** What policy refuses, it refuses the next time too. */
function failed(error: GatewayError): Opened {
  return error.code.startsWith('upstream_') ? { type: 'failed', error } : { type: 'never' }
}

/** Tells the client of a server that joins its session later: there is more on the lists. */
function announceJoined({ call }: Asking, outlet: Outlet, { parts }: FanOutParts): () => void {
  const kept = call.session === undefined ? undefined : parts.memory.find(call.session.upstreamId)
  if (kept === undefined) return () => undefined
  const tell = (): void => {
    for (const kind of kept.announced) {
      outlet.say(Buffer.from(`{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`))
    }
  }
  kept.joined.add(tell)
  return () => void kept.joined.delete(tell)
}
