import { hash } from 'node:crypto'
import type { Call } from '../domain/call.js'
import type { Message } from '../domain/message.js'
import type { Principal } from '../domain/principal.js'
import type { ClaimedClient, Session } from '../domain/session.js'
import { claimedClient, cutClaim } from '../wire/claims.js'
import { readProtocolVersion } from '../wire/operation.js'
import { eraOf, nothingSaid, operationOf } from '../wire/spoken.js'

/** Makes calls of the messages of one host: what it said in `initialize` holds for those that come after. */
export interface Calls {
  /** @throws GatewayError `invalid_params` */
  read(message: Message): Call
  /** The call that stands for the stream of what the server says by itself. */
  listening(): Call
  /** The revision that the server chose in its answer to `initialize`. */
  agreed(protocol: string): void
}

export interface CallsParts {
  readonly principal: Principal
  /** Under which name policy knows the server. */
  readonly server: string
  readonly now: () => number
  readonly newId: () => string
}

export function createCalls({ principal, server, now, newId }: CallsParts): Calls {
  const session: Session = { id: hash('sha256', newId()).slice(0, 32), upstreamId: 'stdio' }
  let claimed: ClaimedClient | undefined
  let protocol = ''

  const callOf = (message: Message): Call => {
    const spoken = message.form === 'response' ? undefined : readProtocolVersion(message)
    const said = message.form === 'response' ? undefined : claimedClient(message)
    const era = eraOf(message, spoken)
    if (message.form === 'request' && message.method === 'initialize') {
      claimed = said
      protocol = cutClaim(spoken ?? '')
    }
    return {
      id: newId(),
      message,
      operation: operationOf(message, era),
      direction: 'to_server',
      principal,
      claimed: said ?? claimed,
      server,
      session: era === 'modern' ? undefined : session,
      headers: {},
      requestIp: '',
      protocol: cutClaim(spoken ?? protocol),
      time: now(),
      era,
    }
  }

  return {
    read: callOf,
    listening: () => callOf(nothingSaid),
    agreed: (chosen) => {
      protocol = cutClaim(chosen)
    },
  }
}
