import { GatewayError } from '../domain/errors.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { replyHeader, type Reply } from '../domain/reply.js'
import { readMessage } from '../wire/message.js'
import type { Permitted } from './admit.js'
import type { Answer } from '../domain/answer.js'
import { enforces } from './judge.js'
import type { PipelineParts } from './parts.js'
import { releaseEvents } from './release-events.js'
import { releaseResponse, withhold } from './release-response.js'

/**
 * What comes back for a call, as policy permits it. Where policy has nothing to say about replies they are piped.
 * @throws GatewayError the result is withheld: a refusal, or `upstream_invalid`
 */
export async function release(
  reply: Reply,
  permitted: Permitted,
  parts: PipelineParts,
): Promise<Answer> {
  const { call, policy } = permitted
  if (policy === undefined) return piped(reply)
  const judging = { ...permitted, policy }
  if (reply.form === 'events') {
    parts.openCalls.remember(call.session, permitted)
    const chunks = releaseEvents(reply.body, { permitted, listening: false }, parts)
    return { ...piped(reply), chunks }
  }
  const reads = policy.hooks.post || (parts.mode === 'warn' && permitted.warnings.length > 0)
  if (!reads) return piped(reply)
  return reply.form === 'json'
    ? releaseJson(reply, judging, parts)
    : releaseOpaque(reply, judging, parts)
}

function piped(reply: Reply) {
  return {
    type: 'piped',
    status: reply.status,
    headers: reply.headers,
    chunks: reply.body,
  } as const
}

/** A call on whose replies this policy decides. */
export interface Judging extends Permitted {
  readonly policy: Policy
}

async function releaseJson(reply: Reply, judging: Judging, parts: PipelineParts): Promise<Answer> {
  const text = await reply.body.collect(parts.maxMessageBytes)
  const message = text === undefined ? tooLong(parts) : readReply(text, reply)
  if (message instanceof GatewayError) {
    await withhold(message, judging, parts)
    if (!enforces(parts.mode)) return text === undefined ? piped(reply) : whole(reply, text)
    reply.body.cancel()
    // An error status says enough by itself: a lost session must reach the client as 404.
    if (reply.status >= 400) return withoutBody(reply)
    throw message
  }
  return whole(reply, await releaseResponse(message, judging, parts))
}

function tooLong(parts: PipelineParts): GatewayError {
  return new GatewayError(
    'upstream_invalid',
    `The reply is longer than the ${parts.maxMessageBytes} bytes that can be judged`,
  )
}

function readReply(text: Buffer, reply: Reply): ResponseMessage | GatewayError {
  if ((replyHeader(reply, 'content-encoding') ?? 'identity') !== 'identity') {
    return new GatewayError('upstream_invalid', 'The reply is compressed although nobody asked')
  }
  try {
    const message = readMessage(text)
    if (message.form === 'response') return message
    return new GatewayError('upstream_invalid', 'The reply is not a JSON-RPC response')
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return new GatewayError('upstream_invalid', thrown.message, { cause: thrown })
  }
}

/** A body that is neither JSON nor events cannot be judged: its status may pass, its content may not. */
async function releaseOpaque(
  reply: Reply,
  judging: Judging,
  parts: PipelineParts,
): Promise<Answer> {
  if (reply.status === 202 || reply.status === 204) return withoutBody(reply)
  const fault = new GatewayError(
    'upstream_invalid',
    'The reply is neither JSON nor an event stream',
  )
  await withhold(fault, judging, parts)
  if (!enforces(parts.mode)) return piped(reply)
  if (reply.status >= 400) return withoutBody(reply)
  reply.body.cancel()
  throw fault
}

function withoutBody(reply: Reply): Answer {
  reply.body.cancel()
  const headers = reply.headers.filter(([name]) => !name.startsWith('content-'))
  return { type: 'whole', status: reply.status, headers, text: Buffer.alloc(0) }
}

function whole(reply: Reply, text: Buffer): Answer {
  return { type: 'whole', status: reply.status, headers: reply.headers, text }
}
