import { setTimeout as pause } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { RequestMessage, ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import type { BridgeParts } from './bridge-parts.js'
import { createCancellation, type Cancellation } from './cancellation.js'
import { carriesMessage, drain, framesOf, isComment, wholeText } from './frames.js'
import { createLateReply, type LateReply } from './late-reply.js'
import type { LegacyClient } from './legacy-clients.js'
import { asksBack, legacyResponse, unanswered } from './legacy-result.js'
import { comparableId, outcomeText, readUpstreamMessage } from './messages.js'
import { learnTools } from './mirrored-arguments.js'
import { retried } from './modern-text.js'
import { textAt } from './object-text.js'
import { ask, UnansweredError } from './questions.js'
import type { SessionCard } from './session-card.js'

/** A legacy client's request on its way through a modern server. */
export interface BridgedRequest {
  readonly client: LegacyClient
  readonly card: SessionCard
  readonly message: RequestMessage
  readonly server: string
  /** A text of the client's as the modern server gets it. */
  readonly toServer: (text: Buffer) => Call
}

/** Sends a request, asks the client whatever the server asks before it answers, and gives the legacy answer. */
export function carryThrough(
  request: BridgedRequest,
  hangUp: HangUp,
  parts: BridgeParts,
): Promise<Reply> {
  const { client, card, message } = request
  const cancellation = createCancellation()
  const late = createLateReply(() => cancellation.cancel())
  const place = comparableId(message.id)
  client.calls.set(place, cancellation)
  hangUp.notify(() => cancellation.cancel())
  const { upstream } = parts

  const exchange = async (text: Buffer): Promise<ResponseMessage | Reply> => {
    const reply = await upstream.send(request.toServer(text), cancellation.line())
    return relayed(reply, late, parts)
  }

  const answer = async (): Promise<ResponseMessage | Reply> => {
    let given = await exchange(message.text)
    for (let round = 1; 'form' in given && isAsking(given); round += 1) {
      if (round > parts.limits.rounds) throw new UnansweredError('The server asks without an end')
      const result = outcomeText(given)
      const state = textAt(result, 'requestState')
      const asking = { client, card, late, cancellation, parts }
      const answers = await ask(textAt(result, 'inputRequests'), asking)
      if (answers === undefined) await pause(pacingMs)
      given = await exchange(retried(message.text, answers, state))
    }
    return given
  }

  void answer()
    .then((given) => {
      if (given.form === 'response' && message.method === 'tools/list') {
        learnTools(parts.catalog, request.server, outcomeText(given))
      }
      finish(given, message.id, late)
    })
    .catch((thrown: unknown) => fail(thrown, request, cancellation, late))
    .finally(() => {
      hangUp.notify(undefined)
      if (client.calls.get(place) === cancellation) client.calls.delete(place)
    })
  return late.reply
}

/** Between two tries of a server that only says "not yet", milliseconds. */
const pacingMs = 250

function isAsking(given: ResponseMessage | Reply): given is ResponseMessage {
  return given.form === 'response' && asksBack(given)
}

/** The response in a reply; what comes before it goes on to the client. A reply without one is given as it is. */
async function relayed(
  reply: Reply,
  late: LateReply,
  parts: BridgeParts,
): Promise<ResponseMessage | Reply> {
  const { maxMessageBytes } = parts.limits
  if (reply.form === 'other' || !reply.isReadable) return reply
  if (reply.form === 'json') {
    const message = readUpstreamMessage(await wholeText(reply, maxMessageBytes))
    if (message.form === 'response') return message
    throw new GatewayError('upstream_invalid', 'The reply is no response')
  }
  const frames = framesOf(reply, maxMessageBytes)
  for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
    if (carriesMessage(frame)) {
      const message = readUpstreamMessage(frame.data)
      if (message.form === 'response') {
        drain(reply.body)
        return message
      }
      if (message.form === 'notification') late.note(message.text)
    } else if (isComment(frame)) late.comment(frame.raw)
    await late.room()
  }
  throw new GatewayError('upstream_unavailable', 'The stream ended without an answer')
}

function finish(given: ResponseMessage | Reply, id: string, late: LateReply): void {
  if (given.form === 'response') late.finish(legacyResponse(given, id))
  // To a legacy client it would mean that its session is gone.
  else if (given.status === 404)
    throw new GatewayError('upstream_invalid', 'The server is not there')
  else late.finishWith(given)
}

function fail(
  thrown: unknown,
  { message: { id, method } }: BridgedRequest,
  cancellation: Cancellation,
  late: LateReply,
): void {
  // A cancelled call has no answer.
  if (cancellation.happened) late.abandon()
  else if (thrown instanceof UnansweredError) late.finish(unanswered(id, method, thrown.message))
  else late.fail(asGatewayError(thrown))
}
