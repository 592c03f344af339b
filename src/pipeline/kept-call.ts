import type { Call } from '../domain/call.js'
import type { Span } from '../domain/json.js'
import type { RequestMessage } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import { payloadOf } from '../domain/payload.js'
import type { Permitted } from './admit.js'
import type { KeptCall, PipelineParts } from './parts.js'

/** Longest description or payload of a call that is kept, bytes. */
const longestKept = 64 * 1024

/**
 * What judging the reply to a call takes, without the call's message and headers: policy's view of it, and the payload
 * that its records digest. Undefined where that is too long to be kept.
 */
export function keptCall(permitted: Permitted, parts: PipelineParts): KeptCall | undefined {
  const { message } = permitted.call
  if (message.form !== 'request') return undefined
  const described = permitted.described ?? parts.describe(permitted.call)
  const { text } = described
  const payload = payloadOf(permitted.call).span
  const payloadBytes = payload === undefined ? 0 : payload.end - payload.start
  if (text.length > longestKept || payloadBytes > longestKept) return undefined
  const call = withPayloadOnly(permitted.call, message, payload)
  const slim = { ...described, call, text: copyOf(text) }
  const value = { ...permitted, call, sent: call, policy: undefined, described: slim }
  return { value, bytes: bytesOf(text.length + payloadBytes) }
}

function withPayloadOnly(call: Call, message: RequestMessage, payload: Span | undefined): Call {
  const { start, end } = payload ?? { start: 0, end: 0 }
  const span = payload === undefined ? undefined : { start: 0, end: end - start }
  const params = span === undefined ? undefined : { span, members: new Map() }
  return {
    ...call,
    headers: {},
    message: { ...message, text: copyOf(message.text.subarray(start, end)), params },
    operation: withPayload(call.operation, span),
  }
}

function withPayload(operation: Operation, span: Span | undefined): Operation {
  switch (operation.type) {
    case 'tool':
    case 'prompt':
      return { ...operation, args: span }
    case 'resource':
      return operation
    case 'other':
      return { ...operation, params: span }
  }
}

/** A slice would keep alive whatever it was cut from. */
function copyOf(text: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(text.length)
  text.copy(copy)
  return copy
}

/** The names that a call repeats beside its description stand in the description too. */
function bytesOf(described: number): number {
  return 3 * described + 2_000
}
