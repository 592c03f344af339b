import type { Call, Headers } from '../domain/call.js'
import type { Era } from '../domain/era.js'
import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import type { StreamRequest } from '../domain/ports.js'
import { anonymous } from '../domain/principal.js'
import type { Session } from '../domain/session.js'
import { readMessage } from '../wire/message.js'
import { methodRow } from '../wire/methods.js'
import { writeMirrored } from '../wire/mirrored-headers.js'
import { readOperation } from '../wire/operation.js'
import { stringOf, textAt } from './object-text.js'

/** Who speaks to the server behind the bridge, and how. */
export interface Speaking {
  readonly era: Era
  readonly protocol: string
  readonly session: Session | undefined
}

/** Another message of the same caller, as the server behind the bridge is to get it. */
export function derivedCall(call: Call, text: Buffer, speaking: Speaking): Call {
  const message = readMessage(text)
  const { era, protocol, session } = speaking
  const headers = headersFor(
    call.headers,
    message.form === 'response' ? undefined : message,
    speaking,
  )
  const operation =
    message.form === 'response' || message === call.message
      ? call.operation
      : readOperation(message)
  return { ...call, message, operation, headers, session, era, protocol }
}

/** A call that stands for a stream, to derive others from: below the pipeline nobody asks who its caller is. */
export function originCall({ session, headers }: StreamRequest, server: string, id: string): Call {
  return {
    id,
    message: nothing,
    operation: { type: 'other', kind: '', params: undefined },
    direction: 'to_server',
    principal: anonymous,
    claimed: undefined,
    server,
    session,
    headers,
    requestIp: '',
    protocol: '',
    time: 0,
    era: 'legacy',
  }
}

/** The call without what it says: all that a session has to keep of the call that began it. */
export function withoutText(call: Call): Call {
  return { ...call, message: nothing, operation: { type: 'other', kind: '', params: undefined } }
}

const nothing: NotificationMessage = {
  form: 'notification',
  text: Buffer.alloc(0),
  method: '',
  params: undefined,
  wellFormed: true,
}

/** The caller's headers as they go with another message: what they said of the old one is gone. */
export function headersFor(
  headers: Headers,
  message: RequestMessage | NotificationMessage | undefined,
  { era, protocol }: Pick<Speaking, 'era' | 'protocol'>,
): Headers {
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ofTheMessage.test(name)),
  )
  const written: Record<string, string> = {
    ...kept,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  }
  if (protocol !== '') written['mcp-protocol-version'] = protocol
  if (era === 'legacy' || message === undefined) return written
  written['mcp-method'] = message.method
  const name = mirroredName(message)
  if (name !== undefined) written['mcp-name'] = writeMirrored(name)
  return written
}

const ofTheMessage = /^(?:mcp-.*|last-event-id|content-.*|accept)$/

function mirroredName({ method, text }: RequestMessage | NotificationMessage): string | undefined {
  const mirrored = methodRow(method)?.mirrored ?? 'none'
  return mirrored === 'none' ? undefined : stringOf(textAt(text.toString(), 'params', mirrored))
}
