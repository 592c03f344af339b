import type { Call } from '../domain/call.js'
import type { RequestMessage, ResponseMessage } from '../domain/message.js'
import { memberPlace } from './stdio-message.js'

/** A call that waits for a response. */
export interface Asked extends Call {
  readonly message: RequestMessage
}

export function isAsked(call: Call): call is Asked {
  return call.message.form === 'request'
}

/** A request whose response ends a stream of notifications that may live for days. */
export function isSubscription({ message }: Asked): boolean {
  return message.method === 'subscriptions/listen'
}

/** The HTTP status with which a Streamable HTTP server would send this response. */
export function statusOf(response: ResponseMessage, asked: Asked): number {
  if (response.outcome.type === 'result') return 200
  const code = Number(memberPlace(response, 'code')?.literal)
  if (asked.era === 'legacy')
    return asked.operation.kind === 'initialize' && code === -32022 ? 400 : 200
  if (code === -32601) return 404
  return faultsOfTheRequest.has(code) ? 400 : 200
}

/** Header mismatch, missing client capability, unsupported revision (MCP 2026-07-28). */
const faultsOfTheRequest: ReadonlySet<number> = new Set([-32020, -32021, -32022])
