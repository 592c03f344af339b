import type { Call } from '../domain/call.js'
import type { HangUp } from '../domain/hang-up.js'
import { emptyReply, jsonReply } from '../domain/local-reply.js'
import type { Message, RequestMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { modernRevisions } from '../wire/eras.js'
import { methodRow } from '../wire/methods.js'
import type { BridgeParts } from './bridge-parts.js'
import { comparableId, codes, errorReply, errorText, resultReply } from './messages.js'
import { readModernRequest, type ModernRequest } from './client-terms.js'
import { carryCall, isChange } from './modern-calls.js'
import { declined } from './server-questions.js'
import { discoverResult } from './modern-response.js'
import { createParkedCalls } from './parked-calls.js'
import { createPool, keyOf, type ClientTerms } from './pool.js'
import { NoSessionError, type ServerSession } from './server-session.js'
import { createSubscriptions } from './subscriptions.js'

/** Modern clients in front of a legacy server. */
export interface ModernSide {
  send(call: Call, hangUp: HangUp): Promise<Reply>
  close(): Promise<void>
}

export function createModernSide(parts: BridgeParts): ModernSide {
  const parked = createParkedCalls(parts.limits)
  const pool = createPool(parts)
  const subscriptions = createSubscriptions(parts)

  const termsOf = ({ call, capabilities, clientInfo }: ModernRequest): ClientTerms => {
    const terms = {
      origin: call,
      capabilities: JSON.stringify(capabilities),
      clientInfo: JSON.stringify(clientInfo),
    }
    const key = keyOf(terms)
    return { ...terms, heard: (session, message) => heard(key, session, message) }
  }

  /** What a server says on its own stream belongs to a call only where no other is under way in the session. */
  const heard = (key: string, session: ServerSession, message: Message): void => {
    if (message.form === 'response') return
    if (isChange(message.method)) {
      if (message.form === 'notification') subscriptions.changed(key, message)
      return
    }
    const [only, ...others] = session.exchanges.values()
    if (only !== undefined && others.length === 0) only.hear(message)
    else if (message.form === 'request') session.tell(declined(message))
  }

  const callParts = {
    ...parts,
    parked,
    lease: (request: ModernRequest, exchange: Parameters<typeof pool.lease>[2]) =>
      pool.lease(termsOf(request), comparableId(request.message.id), exchange),
    drop: ({ session }: { readonly session: ServerSession }) => pool.drop(session),
    changed: (request: ModernRequest, message: Parameters<typeof subscriptions.changed>[1]) =>
      subscriptions.changed(keyOf(termsOf(request)), message),
  }

  const held = async (request: ModernRequest) => {
    const lease = await pool.hold(termsOf(request))
    lease.release()
    return lease
  }

  const discover = async (request: ModernRequest): Promise<Reply> => {
    const { session } = await held(request)
    return resultReply(request.message.id, discoverResult(session.opening, modernRevisions))
  }

  const respond = async (request: ModernRequest, hangUp: HangUp): Promise<Reply> => {
    switch (request.message.method) {
      case 'server/discover':
        return discover(request)
      case 'subscriptions/listen': {
        const terms = termsOf(request)
        return subscriptions.listen(request, await pool.hold(terms), keyOf(terms), hangUp)
      }
      default:
        return carryCall(request, hangUp, callParts)
    }
  }

  return {
    send: async (call, hangUp) => {
      const { message } = call
      switch (message.form) {
        case 'notification':
          // The modern era has none over HTTP: a call is cancelled by closing its stream.
          return emptyReply(202)
        case 'response':
          return jsonReply(errorText('null', notTaken), 400)
        case 'request':
          if (isForeign(message.method)) return noSuchMethod(message)
          try {
            return await respond(readModernRequest(call, message), hangUp)
          } catch (thrown) {
            if (thrown instanceof NoSessionError) return notBegun(message, thrown)
            throw thrown
          }
      }
    },
    close: async () => {
      subscriptions.close()
      parked.close()
      await pool.close()
    },
  }
}

const notTaken = { code: -32600, message: 'The modern era has no responses of clients' }

/** Methods that only the other era or the other direction has, and tasks, whose shapes differ. */
function isForeign(method: string): boolean {
  if (method.startsWith('tasks/')) return true
  const row = methodRow(method)
  return row !== undefined && (row.era === 'legacy' || row.direction === 'to_client')
}

function noSuchMethod({ id, method }: RequestMessage): Reply {
  const error = { code: codes.methodNotFound, message: `Method not found: ${method}` }
  return errorReply(id, error, 404)
}

function notBegun({ id }: RequestMessage, { error }: NoSessionError): Reply {
  return jsonReply(Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${error}}`))
}
