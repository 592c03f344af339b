import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { Call } from '../domain/call.js'
import { drop, isSaid, type AnyAnswer } from './answers.js'
import { handled, type Asking } from './asking.js'
import { toRequest } from './belonging.js'
import { ownCallTo } from './call-to.js'
import { hear, ignored, outcomeMember, type HeardResult } from './hear.js'
import type { Member } from './member.js'
import type { AggregateParts } from './parts.js'
import { createLine } from '../domain/hang-up.js'
import { createLines } from './lines.js'
import { keepSetting } from './settings.js'
import { offersOf, readSessionMap, type Seat, type Seats } from './session-map.js'
import type { KeptSession } from './session-memory.js'
import { isJsonObject } from '../domain/json.js'

/** Gets a request its session at each server. */
export interface SeatFinder {
  /**
   * The servers in whose sessions the caller is now.
   * @throws GatewayError `session_not_found`, `session_required`
   */
  taken(call: Call): Seats
  /** Whether the caller's session may begin there yet: only where this process knows how it began elsewhere. */
  canJoin(call: Call): boolean
  /**
   * The caller's session at one server; one that was away is asked anew.
   * @throws GatewayError `session_not_found`, or as that server fails
   */
  take(asking: Asking, member: Member): Promise<Seat>
  /**
   * Another session in the place of a lost one.
   * @throws GatewayError `session_not_found` where the client has to begin again
   */
  replace(asking: Asking, member: Member, lost: Seat): Promise<Seat>
  /** Keeps a request that was carried out and left something in the server's session: a log level, a subscription. */
  noteSetting(call: Call, member: Member): void
}

/** In the modern era nobody has sessions. */
const stateless: Seat = { id: undefined, protocol: '', offers: '' }

/** How long a server that could not be had is not asked again, milliseconds. */
const setbackMs = 500

export function createSeatFinder(parts: AggregateParts): SeatFinder {
  const { members, memory } = parts
  const everyone: Seats = new Map([...members.keys()].map((name) => [name, stateless]))

  const taken = (call: Call): Seats => {
    if (call.era === 'modern') return everyone
    const { upstreamId } = sessionOf(call)
    if (memory.hasEnded(upstreamId)) throw gone()
    const mapped = readSessionMap(upstreamId)
    if (mapped === undefined) throw gone()
    const later = memory.find(upstreamId)?.seats
    const seats = new Map<string, Seat>()
    for (const name of members.keys()) {
      const seat = later?.get(name) ?? mapped.get(name)
      if (seat !== undefined) seats.set(name, seat)
    }
    return seats
  }

  const keptOf = (call: Call): KeptSession | undefined =>
    call.session === undefined ? undefined : memory.find(call.session.upstreamId)

  /** One beginning at a time, for whoever waits for it. */
  const begin = (asking: Asking, member: Member, kept: KeptSession): Promise<Seat> => {
    const { name } = member
    const underWay = kept.beginnings.get(name)
    if (underWay !== undefined) return underWay
    // Others may wait for it too: it goes on when this caller hangs up.
    const lines = createLines(createLine())
    const beginning = beginSession({ ...asking, lines }, member, kept, parts).then(
      (seat) => {
        kept.seats.set(name, seat)
        kept.setbacks.delete(name)
        return seat
      },
      (thrown: unknown) => {
        const error = asGatewayError(thrown)
        kept.setbacks.set(name, { untilMs: parts.now() + setbackMs, error })
        throw error
      },
    )
    const settled = beginning.finally(() => kept.beginnings.delete(name))
    kept.beginnings.set(name, settled)
    return settled
  }

  return {
    taken,
    canJoin: (call) => keptOf(call) !== undefined,
    take: async (asking, member) => {
      const seat = taken(asking.call).get(member.name)
      if (seat !== undefined) return seat
      const kept = keptOf(asking.call)
      // Another replica may have begun a session there: the client begins again, rather than miss half.
      if (kept === undefined) throw gone()
      const setback = kept.setbacks.get(member.name)
      if (setback !== undefined && setback.untilMs > parts.now()) throw setback.error
      const joined = await begin(asking, member, kept)
      for (const tell of kept.joined) tell()
      return joined
    },
    replace: async (asking, member, lost) => {
      const { call } = asking
      const current = taken(call).get(member.name)
      // Somebody else was faster.
      if (current !== undefined && current.id !== lost.id) return current
      const kept = keptOf(call)
      try {
        if (kept !== undefined) return await begin(asking, member, kept)
      } catch {
        // Whatever it was, the session is not whole any more.
      }
      if (call.session !== undefined) memory.end(call.session.upstreamId)
      throw gone()
    },
    noteSetting: (call, member) => {
      const kept = keptOf(call)
      if (kept === undefined || call.session === undefined) return
      const bytes = keepSetting(kept, call, member)
      // What cannot be kept cannot be repaired.
      if (bytes === undefined) memory.forget(call.session.upstreamId)
      else memory.grow(kept, bytes)
    },
  }
}

function sessionOf({ session }: Call) {
  if (session !== undefined) return session
  throw new GatewayError('session_required', 'Bad Request: Mcp-Session-Id header is required')
}

function gone(): GatewayError {
  return new GatewayError('session_not_found', 'Session not found')
}

/** Whether a server answered that it does not know the session of the call. */
export function isLost(answer: AnyAnswer, { id }: Seat): boolean {
  if (id === undefined) return false
  if (answer.type === 'refused') return answer.error.code === 'session_not_found'
  return isSaid(answer) && answer.status === 404
}

const initialized = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}')

/** Says to one server what the client said to all: `initialize`, and what it has set since. */
async function beginSession(
  asking: Asking,
  member: Member,
  kept: KeptSession,
  parts: AggregateParts,
): Promise<Seat> {
  const { maxMessageBytes, newId, inFlight } = parts
  const opening = ownCallTo(asking.call, member, undefined, {
    id: newId(),
    text: kept.initialize,
  })
  const belongs = toRequest(asking.call, opening.message, member, inFlight)
  const terms = { member, era: 'legacy', maxMessageBytes, belongs } as const
  const heard = await hear(await handled(asking, member, opening), terms, ignored)
  if (heard.type === 'nothing') throw heard.error
  const seat = seatOf(heard)
  for (const text of [initialized, ...(kept.settings.get(member.name)?.values() ?? [])]) {
    const call = ownCallTo(asking.call, member, seat, { id: newId(), text })
    const answer = await handled(asking, member, call)
    drop(answer)
    if (!isTaken(answer)) {
      throw new GatewayError('upstream_unavailable', 'The session could not be begun again')
    }
  }
  return seat
}

function isTaken(answer: AnyAnswer): boolean {
  if (answer.type === 'refused') return false
  return answer.type === 'accepted' || answer.status < 300
}

/** What a server's answer to `initialize` says of the session that began. */
export function seatOf({ message, headers }: HeardResult): Seat {
  const protocolVersion = outcomeMember(message, 'protocolVersion')
  const capabilities = outcomeMember(message, 'capabilities')
  return {
    id: headers.find(([name]) => name === 'mcp-session-id')?.[1],
    protocol: typeof protocolVersion === 'string' ? protocolVersion : '',
    offers: offersOf(isJsonObject(capabilities) ? capabilities : {}),
  }
}
