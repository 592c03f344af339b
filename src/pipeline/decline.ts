import type { Call, Headers } from '../domain/call.js'
import type { RequestMessage } from '../domain/message.js'
import type { PipelineParts } from './parts.js'
import type { Verdict } from './judge.js'
import { unknownMethod } from './unknown-methods.js'

/** Answers a server whose request policy refused, so that it is never left hanging. */
export function declineServerRequest(
  call: Call,
  message: RequestMessage,
  verdict: Verdict,
  { declines }: PipelineParts,
): Promise<void> {
  const awaits = message.params?.members.has('task') === true ? 'task' : message.method
  const text =
    verdict.decision === unknownMethod
      ? methodNotFound(message.id)
      : declined(message.id, awaits, verdict.decision.reason)
  return declines.send({ session: call.session, headers: answering(call.headers) }, text)
}

function methodNotFound(id: string): Buffer {
  const error = JSON.stringify({ code: -32601, message: 'Method not found' })
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${error}}`)
}

/** The caller's headers without what they say of the request that opened the stream: this is another one. */
function answering(headers: Headers): Headers {
  const kept = Object.entries(headers).filter(([name]) => !ofTheRequest.test(name))
  return { ...Object.fromEntries(kept), accept: 'application/json, text/event-stream' }
}

const ofTheRequest = /^(?:mcp-method|mcp-name|mcp-param-.*|last-event-id|content-.*)$/

/**
 * The answer to a refused server request: an elicitation is declined, anything else is an error.
 * @param awaits the method of the request, or `task` where the server awaits no answer yet but a task that will bring it
 */
export function declined(id: string, awaits: string, reason: string): Buffer {
  const outcome =
    awaits === 'elicitation/create'
      ? '"result":{"action":"decline"}'
      : // -1 is the code of the specification's own example for a user's refusal.
        `"error":${JSON.stringify({ code: -1, message: `Refused by policy: ${reason}` })}`
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},${outcome}}`)
}
