import type { Call } from '../domain/call.js'
import type { RequestMessage } from '../domain/message.js'
import type { PipelineParts } from './parts.js'
import type { Verdict } from './judge.js'

/** Answers a server whose request policy refused, so that it is never left hanging. */
export function declineServerRequest(
  call: Call,
  message: RequestMessage,
  verdict: Verdict,
  { upstream, events }: PipelineParts,
): void {
  const text = declined(message.id, message.method, verdict.decision.reason)
  const stream = { session: call.session, headers: call.headers }
  upstream
    .answer(stream, text)
    .catch((thrown: unknown) => events.upstreamFailed(upstream.name, thrown))
}

/** The answer to a refused server request: an elicitation is declined, anything else is an error. */
export function declined(id: string, kind: string, reason: string): Buffer {
  const outcome =
    kind === 'elicitation/create'
      ? '"result":{"action":"decline"}'
      : // -1 is the code of the specification's own example for a user's refusal.
        `"error":${JSON.stringify({ code: -1, message: `Refused by policy: ${reason}` })}`
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},${outcome}}`)
}
