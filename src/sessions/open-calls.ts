import type { Session } from '../domain/session.js'
import { createRecent } from '../domain/recent.js'
import { sessionKey } from './session-key.js'

/**
 * Calls whose replies stream, and the ids of the events that passed on each. What a client that resumes is sent belongs
 * to a call only where both agree: the event that it saw last passed on the stream of that call, and the call was the
 * only one under its id. Where anything is in doubt, or was forgotten, no call is named.
 */
export interface OpenCalls<Value> {
  /** A call whose reply begins to stream. Undefined where a resumed reply could not be told from another call's. */
  open(session: Session | undefined, id: string): OpenCall<Value> | undefined
  /** The call on whose stream this event passed. */
  resumed(session: Session | undefined, eventId: string | undefined): OpenCall<Value> | undefined
}

export interface OpenCall<Value> {
  /** An event passed on a stream of this call. `keep` is asked at the first; a call of which it gives nothing is not named. */
  passed(eventId: string, keep: () => Kept<Value> | undefined): void
  /** What was kept of the call, if it is still known to be the only one under this id. */
  recall(id: string): Value | undefined
  /** What was kept of the call to which the stream belongs, whatever passes on it. */
  known(): Value | undefined
  /** A response with this id passed. */
  answered(id: string): void
  /** A stream of this call came to its end: with its answer passed, no later call's reply can be taken for its own. */
  ended(): void
}

/** What is kept of a call, and how much memory that takes. */
export interface Kept<Value> {
  readonly value: Value
  readonly bytes: number
}

export interface OpenCallLimits {
  readonly calls: number
  readonly bytes: number
  /** Events kept of one call, the latest. */
  readonly events: number
}

interface Trail<Value> {
  readonly key: string
  readonly session: Session
  readonly events: string[]
  value: Value | undefined
  bytes: number
  state: 'open' | 'answered' | 'done'
}

export function createOpenCalls<Value>(limits: OpenCallLimits): OpenCalls<Value> {
  const byId = new Map<string, Trail<Value>>()
  const byEvent = new Map<string, Trail<Value>>()
  // Under these ids replies may still come of calls that are not kept.
  const astray = createRecent<string, true>(limits.calls * astrayPerCall)
  let bytes = 0

  const isKept = (trail: Trail<Value>): boolean => byId.get(trail.key) === trail

  const weigh = (trail: Trail<Value>, more: number): void => {
    trail.bytes += more
    bytes += more
  }

  const forget = (trail: Trail<Value>): void => {
    byId.delete(trail.key)
    for (const event of trail.events) byEvent.delete(event)
    weigh(trail, -trail.bytes)
    if (trail.state !== 'done') astray.set(trail.key, true)
  }

  const trim = (): void => {
    for (const trail of byId.values()) {
      if (byId.size <= limits.calls && bytes <= limits.bytes) return
      forget(trail)
    }
  }

  const note = (trail: Trail<Value>, event: string): void => {
    byEvent.set(event, trail)
    trail.events.push(event)
    weigh(trail, bytesOf(event))
    const oldest = trail.events.length > limits.events ? trail.events.shift() : undefined
    if (oldest === undefined) return
    byEvent.delete(oldest)
    weigh(trail, -bytesOf(oldest))
  }

  const remember = (trail: Trail<Value>, keep: () => Kept<Value> | undefined): boolean => {
    if (trail.value !== undefined) return true
    const kept = keep()
    if (kept === undefined) {
      forget(trail)
      return false
    }
    trail.value = kept.value
    weigh(trail, kept.bytes)
    return true
  }

  const openCallOf = (trail: Trail<Value>): OpenCall<Value> => ({
    passed: (eventId, keep) => {
      if (!isKept(trail)) return
      const event = sessionKey(trail.session, eventId)
      const other = byEvent.get(event)
      if (other === trail) return
      if (other !== undefined) {
        // An event that passed on two streams names neither.
        forget(other)
        forget(trail)
      } else if (remember(trail, keep)) {
        note(trail, event)
        trim()
      }
    },
    recall: (id) => (isKept(trail) && isUnder(trail, id) ? trail.value : undefined),
    known: () => (isKept(trail) ? trail.value : undefined),
    answered: (id) => {
      if (trail.state === 'open' && isUnder(trail, id)) trail.state = 'answered'
    },
    ended: () => {
      if (trail.state !== 'answered') return
      trail.state = 'done'
      if (isKept(trail) && trail.events.length === 0) forget(trail)
    },
  })

  return {
    open: (session, id) => {
      if (session === undefined) return undefined
      const key = sessionKey(session, id)
      const earlier = byId.get(key)
      if (earlier !== undefined) forget(earlier)
      if (astray.get(key) !== undefined) return undefined
      const trail: Trail<Value> = {
        key,
        session,
        events: [],
        value: undefined,
        bytes: 0,
        state: 'open',
      }
      byId.set(key, trail)
      weigh(trail, bytesOf(key))
      trim()
      return openCallOf(trail)
    },
    resumed: (session, eventId) => {
      if (session === undefined || eventId === undefined) return undefined
      const trail = byEvent.get(sessionKey(session, eventId))
      return trail === undefined ? undefined : openCallOf(trail)
    },
  }
}

const astrayPerCall = 10

function isUnder<Value>({ session, key }: Trail<Value>, id: string): boolean {
  return sessionKey(session, id) === key
}

/** A key as it stands in a Map, roughly. */
function bytesOf(key: string): number {
  return 2 * key.length + 100
}
