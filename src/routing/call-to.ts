import { hash } from 'node:crypto'
import type { Call, Headers } from '../domain/call.js'
import type { Message } from '../domain/message.js'
import type { Session } from '../domain/session.js'
import { readMessage } from '../wire/message.js'
import { writeMirrored } from '../wire/mirrored-headers.js'
import { readOperation } from '../wire/operation.js'
import type { Member } from './member.js'
import type { Seat } from './session-map.js'

/** The client's message as a call to one server, under its own name, in its own session. */
export function callTo(
  call: Call,
  member: Member,
  seat: Seat | undefined,
  {
    id,
    text = member.towardsServer(call.message),
  }: { readonly id: string; readonly text?: Buffer },
): Call {
  const message = text === call.message.text ? call.message : readMessage(text)
  const operation = message === call.message ? call.operation : operationOf(message, call)
  const headers: Record<string, string> = { ...withoutSession(call.headers), ...protocolOf(seat) }
  if (headers['mcp-name'] !== undefined) {
    const name = nameOf(message, operation)
    if (name !== undefined) headers['mcp-name'] = writeMirrored(name)
  }
  return inSession({ ...call, id, server: member.name, message, operation, headers }, member, seat)
}

/** A message that the gateway sends in the name of the caller, besides the caller's own. */
export function ownCallTo(
  call: Call,
  member: Member,
  seat: Seat | undefined,
  { id, text }: { readonly id: string; readonly text: Buffer },
): Call {
  const message = readMessage(text)
  const kept = Object.entries(call.headers).filter(([name]) => !ofTheMessage.test(name))
  const headers = {
    ...Object.fromEntries(kept),
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...protocolOf(seat),
  }
  const operation = operationOf(message, call)
  return inSession({ ...call, id, server: member.name, message, operation, headers }, member, seat)
}

/** The call that stands for a stream or session of one server. */
export function streamCallTo(
  call: Call,
  member: Member,
  seat: Seat,
  lastEventId: string | undefined,
): Call {
  const headers: Record<string, string> = { ...withoutSession(call.headers), ...protocolOf(seat) }
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId
  return inSession({ ...call, server: member.name, headers }, member, seat)
}

const ofTheMessage = /^(?:mcp-.*|last-event-id|content-.*|accept)$/

function withoutSession(headers: Headers): Headers {
  const kept: Record<string, string> = { ...headers }
  delete kept['mcp-session-id']
  delete kept['last-event-id']
  return kept
}

/** In the legacy era a server wants to hear the revision that it agreed to, not the one that all of them did. */
function protocolOf(seat: Seat | undefined): Headers {
  return seat === undefined || seat.protocol === '' ? {} : { 'mcp-protocol-version': seat.protocol }
}

function inSession(call: Call, { name }: Member, seat: Seat | undefined): Call {
  const protocol = seat === undefined || seat.protocol === '' ? call.protocol : seat.protocol
  return { ...call, protocol, session: sessionOf(name, seat?.id) }
}

/** Two servers may issue the same id: its digest is of both. */
function sessionOf(server: string, upstreamId: string | undefined): Session | undefined {
  if (upstreamId === undefined) return undefined
  return { id: hash('sha256', `${server} ${upstreamId}`).slice(0, 32), upstreamId }
}

function operationOf(message: Message, { operation }: Call): Call['operation'] {
  return message.form === 'response' ? operation : readOperation(message)
}

/** What `Mcp-Name` mirrors: the target, or the id of a task. */
function nameOf(message: Message, operation: Call['operation']): string | undefined {
  switch (operation.type) {
    case 'tool':
    case 'prompt':
      return operation.name
    case 'resource':
      return operation.uri
    case 'other': {
      const taskId = message.form === 'request' ? message.params?.members.get('taskId') : undefined
      if (taskId?.shape !== 'string') return undefined
      const { start, end } = taskId.value
      return JSON.parse(message.text.toString('utf8', start, end)) as string
    }
  }
}
