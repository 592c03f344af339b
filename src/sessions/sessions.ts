import { hash } from 'node:crypto'
import { GatewayError } from '../domain/errors.js'
import type { Sessions } from '../domain/ports.js'
import type { Session, SessionFacts } from '../domain/session.js'
import { createRecent } from '../domain/recent.js'
import type { Seal } from './seal.js'

const remembered = 20_000

/** What MCP allows in a session id. */
const wellFormed = /^[\x21-\x7e]+$/

/** Longest id that is taken where nothing else is said, characters. */
const usualLength = 1024

/** Longer ids are digested anew each time, so that what is remembered stays small whatever is presented. */
const rememberedLength = 128

export interface SessionOptions {
  /** Longest id that is taken, characters. */
  readonly maxLength?: number
}

export function createSessions(
  seal: Seal,
  { maxLength = usualLength }: SessionOptions = {},
): Sessions {
  const known = createRecent<string, SessionFacts>(remembered)
  const digests = createRecent<string, Session>(remembered)

  const sessionOf = (upstreamId: string): Session => {
    const kept = digests.get(upstreamId)
    if (kept !== undefined) return kept
    const session = { id: hash('sha256', upstreamId).slice(0, 32), upstreamId }
    if (upstreamId.length <= rememberedLength) digests.set(upstreamId, session)
    return session
  }

  return {
    get count() {
      return known.size
    },
    find: (presentedId, principalId) => {
      if (presentedId === undefined || presentedId === '') return undefined
      const isPossible = presentedId.length <= maxLength && wellFormed.test(presentedId)
      const upstreamId = isPossible ? seal.open(presentedId, principalId) : undefined
      // The same answer as for a session that is gone: it makes a client begin again, and tells nothing.
      if (upstreamId === undefined) {
        throw new GatewayError('session_not_found', 'Session not found')
      }
      return sessionOf(upstreamId)
    },
    nameFor: (upstreamId, principalId) => seal.close(upstreamId, principalId),
    begin: (upstreamId, facts) => known.set(sessionOf(upstreamId).id, facts),
    facts: (session) => (session === undefined ? undefined : known.get(session.id)),
    forget: (session) => {
      known.delete(session.id)
      digests.delete(session.upstreamId)
    },
  }
}
