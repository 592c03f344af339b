import type { Answer, Handled, HandledCall } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { asGatewayError } from '../domain/errors.js'
import type { NotificationMessage, RequestMessage, ResponseMessage } from '../domain/message.js'
import type { Pipeline } from '../domain/ports.js'
import { sessionGone, type AnyAnswer } from './answers.js'
import type { Asking } from './asking.js'
import { discover } from './discover.js'
import { endAll } from './end.js'
import { askEveryone, askFirstThatKnows, notify } from './everyone.js'
import { merged, type FanOutParts } from './fan-out.js'
import type { Aside } from './hear.js'
import { ownerOfId } from './ids.js'
import { spelledAt } from './belonging.js'
import { createInFlight, everyone } from './in-flight.js'
import { longestWait } from './in-time.js'
import { initialize } from './initialize.js'
import { createLines, type Lines } from './lines.js'
import { listen } from './listen.js'
import { list, listMember } from './lists.js'
import { membersOf, type NamedPipeline } from './member.js'
import { askOne, unknown } from './one.js'
import type { AggregateParts } from './parts.js'
import { createSeatFinder } from './seats.js'
import { createSessionMemory } from './session-memory.js'
import { subscribe } from './subscribe.js'
import { ownerNamedBy, targetOf } from './targets.js'

export interface AggregateOptions extends Omit<
  AggregateParts,
  'members' | 'memory' | 'inFlight' | 'longestWaitMs'
> {
  readonly longestWaitMs?: number
  /** In the order in which merged lists show them. Names have no `__`, and no `_` at their end. */
  readonly servers: readonly NamedPipeline[]
}

/** Sessions that can be repaired in this process; ids and progress tokens of which it is known whose they are. */
const keptSessions = { sessions: 20_000, bytes: 64 * 1024 * 1024 }
const keptRequests = 40_000

/**
 * Several servers as one. A client's message becomes a call to each server that it is meant for, each along that
 * server's whole line and under that server's own names, and what comes back is merged after it was judged.
 */
export function createAggregate({
  servers,
  longestWaitMs = longestWait,
  ...options
}: AggregateOptions): Pipeline {
  const memory = createSessionMemory(keptSessions)
  const inFlight = createInFlight(keptRequests)
  const members = membersOf(servers)
  const parts: AggregateParts = { ...options, longestWaitMs, members, memory, inFlight }
  const fanOut: FanOutParts = { parts, seats: createSeatFinder(parts) }

  const handleRequest = (asking: Asking, message: RequestMessage): Promise<AnyAnswer> => {
    const { method, id } = message
    inFlight.begin(asking.call, message, everyone)
    const mergedFrom = (work: (aside: Aside) => Promise<AnyAnswer>): Promise<AnyAnswer> =>
      merged(work, { asked: { id, kind: method }, asking, telling: parts.telling })
    const items = listMember(method)
    if (items !== undefined) {
      return mergedFrom((aside) => list(asking, message, items, aside, fanOut))
    }
    switch (method) {
      case 'initialize':
        // Its answer issues the session in a header, so it can never be a stream.
        return initialize(asking, message, parts)
      case 'server/discover':
        return mergedFrom((aside) => discover(asking, message, aside, fanOut))
      case 'ping':
      case 'logging/setLevel':
        return mergedFrom((aside) => askEveryone(asking, message, aside, fanOut))
      case 'subscriptions/listen':
        return subscribe(asking, message, fanOut)
      default:
        return handleNamed(asking, message, mergedFrom)
    }
  }

  const handleNamed = async (
    asking: Asking,
    message: RequestMessage,
    mergedFrom: (work: (aside: Aside) => Promise<AnyAnswer>) => Promise<AnyAnswer>,
  ): Promise<AnyAnswer> => {
    const target = targetOf(message)
    const server = target === undefined ? ownerNamedBy(message) : target.owned?.server
    const member = parts.members.get(server ?? '')
    if (member !== undefined) {
      inFlight.begin(asking.call, message, member.name)
      return askOne(asking, member, message, fanOut)
    }
    return target === undefined
      ? mergedFrom((aside) => askFirstThatKnows(asking, message, aside, fanOut))
      : unknown(target, message, asking.call.era === 'modern')
  }

  const handleNotification = (asking: Asking, message: NotificationMessage): Promise<AnyAnswer> =>
    notify(asking, message, meantFor(asking.call, message), fanOut)

  /** The server whose request it cancels or whose it reports on; undefined where that is not known. */
  const meantFor = (call: Call, message: NotificationMessage): string | undefined => {
    switch (message.method) {
      case 'notifications/cancelled': {
        const requestId = spelledAt(message, 'requestId')
        return requestId === undefined ? undefined : inFlight.serverOf(call, requestId) || undefined
      }
      case 'notifications/progress':
        return ownerOfId(spelledAt(message, 'progressToken') ?? '')?.server
      default:
        return undefined
    }
  }

  /** An answer goes to the server that asked; one that nobody asked for goes nowhere. */
  const handleAnswer = async (asking: Asking, message: ResponseMessage): Promise<AnyAnswer> => {
    const member = parts.members.get(ownerOfId(message.id)?.server ?? '')
    return member === undefined ? { type: 'accepted' } : askOne(asking, member, message, fanOut)
  }

  const answerTo = (asking: Asking): Promise<AnyAnswer> => {
    const { message } = asking.call
    switch (message.form) {
      case 'request':
        return handleRequest(asking, message)
      case 'notification':
        return handleNotification(asking, message)
      case 'response':
        return handleAnswer(asking, message)
    }
  }

  return {
    handle: async (call, hangUp) => {
      const calls: HandledCall[] = []
      const lines = createLines(hangUp)
      const answer = await settled(call, lines, () => answerTo({ call, lines, calls }))
      // What went nowhere leaves its trace all the same.
      if (calls.length === 0) calls.push({ call, decisionId: '', revision: '' })
      return { answer, calls } satisfies Handled
    },
    listen: async (call, hangUp) => {
      const lines = createLines(hangUp)
      return unrefused(await settled(call, lines, () => listen({ call, lines, calls: [] }, fanOut)))
    },
    end: async (call, hangUp) => {
      const lines = createLines(hangUp)
      return unrefused(await settled(call, lines, () => endAll({ call, lines, calls: [] }, fanOut)))
    },
  }
}

/** A session that is not whole any more is none: the client gets the one answer that makes it begin again. */
async function settled(
  { session }: Call,
  lines: Lines,
  work: () => Promise<AnyAnswer>,
): Promise<AnyAnswer> {
  try {
    return await work()
  } catch (thrown) {
    lines.hangUp()
    const error = asGatewayError(thrown)
    if (error.code === 'session_not_found' && session !== undefined) return sessionGone
    return { type: 'refused', error }
  }
}

function unrefused(answer: AnyAnswer): Answer {
  if (answer.type === 'refused') throw answer.error
  return answer
}
