import type { Call } from '../domain/call.js'
import type { PipelineParts } from './parts.js'

/**
 * A call about a task, with the task's id as the upstream knows it.
 * @throws GatewayError `invalid_params` where the task is not the caller's
 */
export function admitTask(call: Call, _parts: PipelineParts): Call {
  return call
}
