import { hash } from 'node:crypto'
import { GatewayError } from '../domain/errors.js'
import type { Sessions } from '../domain/ports.js'
import type { Session, SessionFacts } from '../domain/session.js'
import { createRecent } from './recent.js'
import type { Seal } from './seal.js'

const remembered = 20_000

export function createSessions(seal: Seal): Sessions {
  const known = createRecent<string, SessionFacts>(remembered)
  const digests = createRecent<string, Session>(remembered)

  const sessionOf = (upstreamId: string): Session => {
    const kept = digests.get(upstreamId)
    if (kept !== undefined) return kept
    const session = { id: hash('sha256', upstreamId).slice(0, 32), upstreamId }
    digests.set(upstreamId, session)
    return session
  }

  return {
    get count() {
      return known.size
    },
    find: (presentedId, principalId) => {
      if (presentedId === undefined) return undefined
      const upstreamId = seal.open(presentedId, principalId)
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
