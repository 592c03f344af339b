import { setImmediate as turn } from 'node:timers/promises'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Message, NotificationMessage, ResponseMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { answeredMethod } from '../wire/answered-method.js'
import type { BridgeParts } from './bridge-parts.js'
import { declares } from './capabilities.js'
import type { ModernRequest } from './client-terms.js'
import { createExchange, type Incoming } from './exchange.js'
import { createLateReply, type LateReply } from './late-reply.js'
import { codes, errorReply, outcomeText, resultText } from './messages.js'
import {
  inputRequired,
  lacking,
  modernResponse,
  pagesAskedFor,
  responsesIn,
  withToken,
} from './modern-response.js'
import { canonicalize } from '../wire/canonical.js'
import { objectOf, stringOf, textAt } from './object-text.js'
import type { ParkedCall, ParkedCalls, Question } from './parked-calls.js'
import type { Lease } from './pool.js'
import { question, withdraw } from './server-questions.js'
import { matchLogLevel } from './log-level.js'
import { learnTools } from './mirrored-arguments.js'

export interface ModernCallParts extends BridgeParts {
  readonly parked: ParkedCalls
  /** A session for the call, and in it a place for what the server says of it. */
  readonly lease: (request: ModernRequest, exchange: ParkedCall['exchange']) => Promise<Lease>
  /** The server has lost the session. */
  readonly drop: (lease: Lease) => void
  /** A list or resource has changed. */
  readonly changed: (request: ModernRequest, message: NotificationMessage) => void
}

/** Sends a modern client's call to a legacy server, or goes on with one that waited for its answers. */
export async function carryCall(
  request: ModernRequest,
  hangUp: HangUp,
  parts: ModernCallParts,
): Promise<Reply> {
  const { message, params } = request
  const state = textAt(params, 'requestState')
  const call = state === undefined ? await begin(request, parts) : resume(request, state, parts)
  if (call === undefined) {
    const said = 'The requestState is unknown or has expired: make the call again without it'
    return errorReply(message.id, { code: codes.invalidParams, message: said })
  }
  const cancel = (): void => call.exchange.cancel()
  const late = createLateReply(cancel)
  hangUp.notify(cancel)
  conduct(call, request, late, parts)
    .catch((thrown: unknown) => late.fail(asGatewayError(thrown)))
    .finally(() => hangUp.notify(undefined))
  return late.reply
}

/** Who may take a parked call up again, and with which call: its answer is judged as that of the call that resumes it. */
export function bindingOf({ call, message, params }: ModernRequest): string {
  const token = call.headers['authorization'] ?? ''
  const target = textAt(params, 'name') ?? textAt(params, 'uri') ?? ''
  const args = canonicalize(Buffer.from(textAt(params, 'arguments') ?? '{}'))
  return JSON.stringify([call.principal.id, token, message.method, target, args])
}

async function begin(request: ModernRequest, parts: ModernCallParts): Promise<ParkedCall> {
  const exchange = createExchange(request.message.id, parts)
  const call = { exchange, questions: new Map<string, Question>(), asked: 0 }
  return { ...call, lease: await send(request, exchange, parts) }
}

async function send(
  request: ModernRequest,
  exchange: ParkedCall['exchange'],
  parts: ModernCallParts,
): Promise<Lease> {
  const lease = await parts.lease(request, exchange)
  try {
    await matchLogLevel(request, lease.session, parts)
    exchange.start(lease.session, lease.session.call(request.call, request.legacyText))
    return lease
  } catch (thrown) {
    lease.release()
    throw thrown
  }
}

function resume(
  request: ModernRequest,
  state: string,
  { parked }: ModernCallParts,
): ParkedCall | undefined {
  const call = parked.take(stringOf(state) ?? '', bindingOf(request))
  if (call === undefined) return undefined
  for (const [key, answer] of responsesIn(request.params)) {
    const question = call.questions.get(key)
    const members = objectOf(answer)
    // Policy judged each answer as one to what it looks like.
    const method = answeredMethod((name) => Object.hasOwn(members, name))
    if (question === undefined || method !== question.method) continue
    call.questions.delete(key)
    call.lease.session.tell(resultText(question.id, answer))
  }
  return call
}

/** Takes what comes for a call until it is answered, or waits for its client. */
async function conduct(
  begun: ParkedCall,
  request: ModernRequest,
  late: LateReply,
  parts: ModernCallParts,
): Promise<void> {
  let call = begun
  let repeated = false
  let parked = false
  try {
    // What a client left unanswered is asked again.
    while (call.questions.size === 0 || call.exchange.hasMore) {
      const incoming = await call.exchange.take()
      if (incoming.type === 'lost' && !repeated) {
        repeated = true
        parts.drop(call.lease)
        call.lease.release()
        call = { ...call, lease: await send(request, call.exchange, parts) }
        continue
      }
      if (receive(incoming, call, request, late, parts) === 'ended') return
      await late.room()
      // Servers ask several things at once: the next may have come with this one.
      if (call.questions.size > 0) await turn()
    }
    const state = parts.parked.park(call, bindingOf(request))
    parked = true
    const asked = [...call.questions].map(([key, { asked: text }]) => [key, text] as const)
    const result = inputRequired(Object.fromEntries(asked), state)
    late.finish(resultText(request.message.id, result))
  } finally {
    if (!parked) call.lease.release()
  }
}

function receive(
  incoming: Incoming,
  call: ParkedCall,
  request: ModernRequest,
  late: LateReply,
  parts: ModernCallParts,
): 'ended' | 'goes on' {
  switch (incoming.type) {
    case 'comment':
      late.comment(incoming.raw)
      return 'goes on'
    case 'reply':
      late.finishWith(incoming.reply)
      return 'ended'
    case 'lost':
      throw new GatewayError('upstream_unavailable', 'The server loses its sessions')
    case 'failed':
      late.fail(incoming.error)
      return 'ended'
    case 'message':
      return receiveMessage(incoming.message, call, request, late, parts)
  }
}

function receiveMessage(
  message: Message,
  call: ParkedCall,
  request: ModernRequest,
  late: LateReply,
  parts: ModernCallParts,
): 'ended' | 'goes on' {
  switch (message.form) {
    case 'response':
      if (request.message.method === 'tools/list') {
        learnTools(parts.catalog, request.call.server, outcomeText(message))
      }
      answer(message, request, late)
      return 'ended'
    case 'notification':
      notify(message, call, request, late, parts)
      return 'goes on'
    case 'request':
      question(message, call, request, parts.parked)
      return 'goes on'
  }
}

function answer(message: ResponseMessage, request: ModernRequest, late: LateReply): void {
  const { id, method } = request.message
  const pages = pagesAskedFor(message)
  if (Object.keys(pages).length === 0) {
    const { text, status } = modernResponse(message, id, method)
    late.finish(text, status)
  } else if (declares(request.capabilities, { elicitation: { url: {} } })) {
    // The server keeps nothing of a call that it answers so: the retry is a new one.
    late.finish(resultText(id, inputRequired(pages, undefined)))
  } else late.finish(lacking(id, { elicitation: { url: {} } }), 400)
}

function notify(
  message: NotificationMessage,
  call: ParkedCall,
  request: ModernRequest,
  late: LateReply,
  parts: ModernCallParts,
): void {
  switch (message.method) {
    case 'notifications/progress': {
      const progress = withToken(message.text, request.progressToken)
      if (progress !== undefined) late.note(progress)
      return
    }
    case 'notifications/message':
      if (request.logLevel !== undefined) late.note(message.text)
      return
    case 'notifications/cancelled':
      withdraw(message, call)
      return
    case 'notifications/elicitation/complete':
    case 'notifications/tasks/status':
      return
    default:
      if (isChange(message.method)) parts.changed(request, message)
      else late.note(message.text)
  }
}

/** Whether a notification tells of a list or resource that has changed. */
export function isChange(method: string): boolean {
  return method.endsWith('/list_changed') || method === 'notifications/resources/updated'
}
