import type { PipedAnswer } from '../domain/answer.js'
import type { Reply } from '../domain/reply.js'
import type { PipelineParts } from './parts.js'
import { releaseEvents } from './release-events.js'
import type { MessageStream } from './release-message.js'

/** A reply that goes on as it is. */
export function piped(reply: Reply): PipedAnswer {
  return { type: 'piped', status: reply.status, headers: reply.headers, chunks: reply.body }
}

/** A stream whose events are judged one by one. */
export function releaseStream(
  reply: Reply,
  stream: MessageStream,
  parts: PipelineParts,
): PipedAnswer {
  const headers = reply.headers.filter(([name]) => name !== 'content-length')
  return { ...piped(reply), headers, chunks: releaseEvents(reply.body, stream, parts) }
}
