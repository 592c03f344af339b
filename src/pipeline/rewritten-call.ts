import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { readMessage } from '../wire/message.js'
import { readOperation } from '../wire/operation.js'

/** The same call with another text: what is judged again is read from the bytes that will be sent. */
export function rewritten(call: Call, text: Buffer): Call | GatewayError {
  try {
    const message = readMessage(text) as RequestMessage | NotificationMessage
    return { ...call, message, operation: readOperation(message) }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}
