import { anonymous } from '../domain/principal.js'
import { readMessage } from '../wire/message.js'
import { readOperation } from '../wire/operation.js'
import { CommandError } from './command.js'
import type { Call } from '../domain/call.js'

/** What may be known of a call that never came over the wire. */
export type CallFacts = Partial<
  Pick<Call, 'principal' | 'server' | 'requestIp' | 'session' | 'direction' | 'protocol'>
>

/**
 * A call that never came over the wire, for policy to judge. `params` is JSON text and is taken over as it is.
 * @throws GatewayError where the method's own members are missing
 */
export function localCall(kind: string, params: string, facts: CallFacts): Call {
  const head = `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(kind)},"params":`
  const message = readMessage(Buffer.from(`${head}${params}}`))
  if (message.form !== 'request') throw new CommandError(1, `${kind} cannot be judged here`)
  return {
    id: 'local',
    message,
    operation: readOperation(message),
    direction: 'to_server',
    principal: anonymous,
    claimed: undefined,
    server: 'default',
    session: undefined,
    headers: {},
    requestIp: '127.0.0.1',
    protocol: '2025-11-25',
    time: Date.now(),
    era: 'legacy',
    ...facts,
  }
}
