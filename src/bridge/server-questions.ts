import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { capabilityFor, declares } from './capabilities.js'
import type { ModernRequest } from './client-terms.js'
import { codes, comparableId, errorText, resultText } from './messages.js'
import { inputRequestOf } from './modern-response.js'
import { objectOf, textAt } from './object-text.js'
import type { ParkedCall, ParkedCalls } from './parked-calls.js'

/** The server does not want to know any more. */
export function withdraw({ text }: NotificationMessage, { questions }: ParkedCall): void {
  const id = textAt(text.toString(), 'params', 'requestId')
  if (id === undefined) return
  for (const [key, open] of questions) {
    if (comparableId(open.id) === comparableId(id)) questions.delete(key)
  }
}

/** Methods whose results may ask the client for something first. */
const mayAsk: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** A request of the server: kept for the client where it can answer it, else answered here. */
export function question(
  message: RequestMessage,
  call: ParkedCall,
  request: ModernRequest,
  parked: ParkedCalls,
): void {
  const { session } = call.lease
  const params = textAt(message.text.toString(), 'params')
  const needed = capabilityFor(message.method, objectOf(params))
  const isPossible =
    needed !== undefined &&
    mayAsk.has(request.message.method) &&
    declares(request.capabilities, needed)
  if (!isPossible || parked.isFull) {
    session.tell(declined(message))
    return
  }
  call.asked += 1
  call.questions.set(`request-${call.asked}`, {
    id: message.id,
    method: message.method,
    asked: inputRequestOf(message.method, params),
  })
}

/** The answer to a request of a server that no client is asked. */
export function declined({ id, method }: RequestMessage): Buffer {
  if (method === 'ping') return resultText(id, '{}')
  return errorText(id, { code: codes.methodNotFound, message: `The client has no ${method}` })
}
