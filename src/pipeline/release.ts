import type { Answer, PipedAnswer } from '../domain/answer.js'
import { GatewayError } from '../domain/errors.js'
import type { ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { readMessage } from '../wire/message.js'
import type { Permitted } from './admit.js'
import { enforces } from './judge.js'
import { isJudged, judgesReply, type Judging } from './judging.js'
import { noteUnjudged } from './list-notes.js'
import type { PipelineParts } from './parts.js'
import { releaseSubscription } from './release-listening.js'
import { releaseResponse } from './release-response.js'
import { piped, releaseStream } from './release-stream.js'
import { comparableId, isReplyTo } from './request-id.js'
import { anyKeys, responseSteps, searchesFor } from './response-steps.js'
import { searchedChunks } from './searched-chunks.js'
import { isShown, showReply } from './shown-to-candidate.js'
import { taskOrigin } from './task-results.js'
import { teedChunks } from './teed-chunks.js'
import { withhold } from './withhold.js'

/**
 * What comes back for a call, as policy permits it. Where policy has nothing to say about replies they are piped.
 * @throws GatewayError the result is withheld: a refusal, or `upstream_invalid`
 */
export async function release(
  reply: Reply,
  permitted: Permitted,
  parts: PipelineParts,
): Promise<Answer> {
  if (parts.mode === 'off') return piped(reply)
  // Also where no policy took part: one that comes into force meanwhile judges what a server asks of its client.
  if (reply.form === 'events' && reply.isReadable) {
    return releaseReplyStream(reply, permitted, parts)
  }
  if (!isJudged(permitted)) return pipedUnjudged(reply, permitted, parts)
  const judging = withIssued(permitted, reply)
  if (reply.form === 'events') return releaseUnread(reply, undefined, unreadable(), judging, parts)
  if (isCalledEvents(reply)) {
    const fault = invalid('The reply has a media type that is and is not an event stream')
    return releaseUnread(reply, undefined, fault, judging, parts)
  }
  const reads = isRead(judging, parts) || hasToBeOwn(reply, judging)
  // Nothing is to be said, though some servers call it JSON.
  if ((reply.status === 202 || reply.status === 204) && (reads || !reply.isReadable)) {
    return enforces(parts.mode) ? withoutBody(reply) : piped(reply)
  }
  if (!reads) return releaseSearched(reply, judging, parts)
  if (reply.form === 'json') return releaseJson(reply, judging, parts)
  const fault = invalid('The reply is neither JSON nor an event stream')
  return releaseUnread(reply, undefined, fault, judging, parts)
}

function releaseReplyStream(reply: Reply, permitted: Permitted, parts: PipelineParts): PipedAnswer {
  const { message, session, operation } = permitted.call
  const openCall =
    message.form === 'request' ? parts.openCalls.open(session, comparableId(message.id)) : undefined
  const stream = { permitted: withIssued(permitted, reply), listening: false, openCall }
  return operation.kind === 'subscriptions/listen'
    ? releaseSubscription(reply, stream, parts)
    : releaseStream(reply, stream, parts)
}

/** Some clients look for the name anywhere in the header, and would take requests of the server from the body. */
function isCalledEvents({ headers }: Reply): boolean {
  return headers.some(([name, value]) => name === 'content-type' && eventStream.test(value))
}

const eventStream = /text\/event-stream/i

function unreadable(): GatewayError {
  return invalid('The reply is compressed, or not in UTF-8, although nobody asked')
}

function invalid(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_invalid', message, { cause })
}

/** No policy took part, and nothing of the reply is kept or waited for unless a candidate is to see it. */
function pipedUnjudged(reply: Reply, permitted: Permitted, parts: PipelineParts): PipedAnswer {
  const { trial, maxMessageBytes } = parts
  const isRead = reply.form === 'json' && reply.isReadable && isShown(permitted, parts)
  if (trial === undefined || !isRead) return piped(reply)
  const chunks = teedChunks(reply.body, maxMessageBytes, trial, (kept) => {
    if (typeof kept === 'string') trial.missed(kept)
    else showReply(kept, permitted, parts)
  })
  return { ...piped(reply), chunks }
}

function withIssued<P extends Permitted>(permitted: P, { headers }: Reply): P {
  if (permitted.call.operation.kind !== 'initialize') return permitted
  const issued = headers.find(([name]) => name === 'mcp-session-id')?.[1]
  return { ...permitted, issued }
}

/** Whether every reply to this call has to be read, whatever it holds. */
function isRead(judging: Judging, parts: PipelineParts): boolean {
  const { call, policy, warnings } = judging
  if (judgesReply(policy, call) || warnings.length > 0) return true
  if (taskOrigin(judging, parts).dryRun !== undefined) return true
  // A reply to it is the reply to another call.
  if (policy.hooks.post && call.operation.kind === 'tasks/result') return true
  return responseSteps.some((step) => step.keys === undefined && step.reads(judging, parts))
}

/** Whether it has to be known that a reply is none to another call, whose result policy would hide something of. */
function hasToBeOwn({ form }: Reply, { call, policy }: Judging): boolean {
  return form === 'json' && policy.needsCall === true && call.message.form === 'request'
}

/** A reply that has to be read only where it holds what is looked for: the rest goes on as it is, however long. */
async function releaseSearched(
  reply: Reply,
  judging: Judging,
  parts: PipelineParts,
): Promise<Answer> {
  if (!reply.isReadable) return releaseUnread(reply, undefined, unreadable(), judging, parts)
  const text = reply.form === 'json' ? await reply.body.collect(parts.maxMessageBytes) : undefined
  if (text !== undefined) {
    const isFound =
      anyKeys.isIn(text) && searchesFor(judging, parts).some((keys) => keys.isIn(text))
    if (isFound) return releaseText(text, reply, judging, parts)
    noteUnjudged(text, judging, parts)
    showReply(text, judging, parts)
    return whole(reply, text)
  }
  if (isShown(judging, parts)) parts.trial?.missed('too_large')
  if (!enforces(parts.mode)) return piped(reply)
  const onFound = () => withhold(tooLong(parts), judging, parts)
  const chunks = searchedChunks(reply.body, searchesFor(judging, parts), onFound)
  return { ...piped(reply), chunks }
}

async function releaseJson(reply: Reply, judging: Judging, parts: PipelineParts): Promise<Answer> {
  const text = await reply.body.collect(parts.maxMessageBytes)
  return text === undefined
    ? releaseUnread(reply, text, tooLong(parts), judging, parts)
    : releaseText(text, reply, judging, parts)
}

async function releaseText(
  text: Buffer,
  reply: Reply,
  judging: Judging,
  parts: PipelineParts,
): Promise<Answer> {
  const message = readReply(text, reply, judging)
  if (message instanceof GatewayError) return releaseUnread(reply, text, message, judging, parts)
  try {
    return whole(reply, await releaseResponse(message, judging, parts))
  } catch (thrown) {
    if (isLostSession(reply, judging)) return withoutBody(reply)
    throw thrown
  }
}

function tooLong({ maxMessageBytes }: PipelineParts): GatewayError {
  return invalid(`The reply is longer than the ${maxMessageBytes} bytes that can be judged`)
}

function readReply(text: Buffer, reply: Reply, { call }: Judging): ResponseMessage | GatewayError {
  if (!reply.isReadable) return unreadable()
  try {
    const message = readMessage(text)
    if (message.form !== 'response') return invalid('The reply is not a JSON-RPC response')
    // Its client would take it for the result of that other request, about which policy may say something else.
    const answersAnother = call.message.form === 'request' && !isReplyTo(call.message, message)
    return answersAnother ? invalid('The reply answers another request') : message
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    return invalid(thrown.message, thrown)
  }
}

/** Only the status tells a client that it has to begin again. */
function isLostSession({ status }: Reply, { call }: Judging): boolean {
  return status === 404 && call.session !== undefined
}

/** A body that cannot be judged: its status may pass, its content may not. */
async function releaseUnread(
  reply: Reply,
  text: Buffer | undefined,
  fault: GatewayError,
  judging: Judging,
  parts: PipelineParts,
): Promise<Answer> {
  const refused = await withhold(fault, judging, parts)
  if (!enforces(parts.mode)) return text === undefined ? piped(reply) : whole(reply, text)
  // An error status says enough by itself: a lost session must reach the client as 404.
  if (reply.status >= 400) return withoutBody(reply)
  reply.body.cancel()
  throw refused
}

function withoutBody(reply: Reply): Answer {
  reply.body.cancel()
  const headers = reply.headers.filter(([name]) => !name.startsWith('content-'))
  return { type: 'whole', status: reply.status, headers, text: Buffer.alloc(0) }
}

function whole(reply: Reply, text: Buffer): Answer {
  return { type: 'whole', status: reply.status, headers: reply.headers, text }
}
