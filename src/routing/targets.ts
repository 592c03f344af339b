import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import { decodeString } from '../wire/json-text.js'
import { nestedMembers } from '../wire/nested-members.js'
import { ownerOf, type Owned } from './names.js'
import { ownerOfUri } from './uris.js'

type Asking = RequestMessage | NotificationMessage

/** What a message names. */
export interface Target {
  readonly type: TargetType
  readonly name: string
  /** Undefined where the name belongs to no server. */
  readonly owned: Owned | undefined
}

export type TargetType = 'tool' | 'prompt' | 'resource' | 'task'

/**
 * The one thing that a message is about; undefined for a method that is about none.
 * @throws GatewayError `invalid_params` where two servers could read it differently
 */
export function targetOf(message: Asking): Target | undefined {
  switch (message.method) {
    case 'tools/call':
      return named('tool', textOf(message, 'name'))
    case 'prompts/get':
      return named('prompt', textOf(message, 'name'))
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return located(textOf(message, 'uri'))
    case 'completion/complete':
      return referred(message)
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/cancel':
    case 'tasks/update':
      return named('task', textOf(message, 'taskId'))
    default:
      return undefined
  }
}

/** Of a method that is not known here: the server whose tool, resource or task its params name, if they do. */
export function ownerNamedBy(message: Asking): string | undefined {
  const uri = textOf(message, 'uri')
  if (uri !== undefined) return ownerOfUri(uri)?.server
  return ownerOf(textOf(message, 'name') ?? textOf(message, 'taskId') ?? '')?.server
}

function named(type: TargetType, name = ''): Target {
  return { type, name, owned: ownerOf(name) }
}

function located(uri = ''): Target {
  return { type: 'resource', name: uri, owned: ownerOfUri(uri) }
}

/** A reference that names both goes to the server of its prompt, and there its URI means nothing unless it is its own. */
function referred(message: Asking): Target {
  const ref = message.params?.members.get('ref')
  const members =
    ref?.shape === 'object' ? nestedMembers(message.text, ref, 'params.ref') : undefined
  const text = (key: string): string | undefined => {
    const member = members?.get(key)
    return member?.shape === 'string' ? decodeString(message.text, member.value) : undefined
  }
  const prompt = text('name')
  return prompt === undefined ? located(text('uri')) : named('prompt', prompt)
}

function textOf({ params, text }: Asking, key: string): string | undefined {
  const member = params?.members.get(key)
  return member?.shape === 'string' ? decodeString(text, member.value) : undefined
}
