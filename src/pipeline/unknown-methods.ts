import type { Call } from '../domain/call.js'
import type { PipelineParts } from './parts.js'

/**
 * Refuses a method that no known revision of the protocol has, where the configuration says so.
 * @throws GatewayError `method_not_found`
 */
export function refuseUnknown(_call: Call, _parts: PipelineParts): void {
  // Nothing is refused yet.
}
