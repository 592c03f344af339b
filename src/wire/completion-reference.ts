import { GatewayError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { Member, Members, NotificationMessage, RequestMessage } from '../domain/message.js'
import { nestedMembers } from './nested-members.js'
import { decodeString } from './json-text.js'

/** What a `completion/complete` names: whatever its `ref.type` says, since a server may decide by the members alone. */
export interface CompletionReference {
  readonly prompt: string | undefined
  /** A URI or a URI template. */
  readonly uri: string | undefined
  /** The arguments that were chosen before: a span of the message. */
  readonly args: Span | undefined
}

/** @throws GatewayError `invalid_params` where two servers could read it differently */
export function readReference(message: RequestMessage | NotificationMessage): CompletionReference {
  const ref = nested(message, 'ref')
  const context = nested(message, 'context')
  const args = context?.get('arguments')
  return {
    prompt: textAt(message.text, ref, 'name'),
    uri: textAt(message.text, ref, 'uri'),
    args: args?.shape === 'object' ? args.value : undefined,
  }
}

function nested(
  { text, params }: RequestMessage | NotificationMessage,
  name: string,
): Members | undefined {
  const member = params?.members.get(name)
  if (member === undefined) return undefined
  if (member.shape !== 'object') {
    throw new GatewayError('invalid_params', `"params.${name}" must be an object`)
  }
  return nestedMembers(text, member, `params.${name}`)
}

function textAt(text: Buffer, members: Members | undefined, name: string): string | undefined {
  const member: Member | undefined = members?.get(name)
  if (member === undefined) return undefined
  if (member.shape !== 'string') {
    throw new GatewayError('invalid_params', `"params.ref.${name}" must be a string`)
  }
  return decodeString(text, member.value)
}
