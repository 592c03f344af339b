import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { Operation } from '../domain/operation.js'
import { readReference } from '../wire/completion-reference.js'
import { methodRow } from '../wire/methods.js'
import { requireText } from '../wire/operation.js'
import { normalForms } from '../wire/resource-uri.js'

/**
 * What the call does that another method, or another spelling of its target, does too: it is judged as each of these.
 * What a subscription stream asks for is not among them: it is cut down instead.
 * @throws GatewayError `invalid_params` where that cannot be read without doubt
 */
export function impliedOperations({ operation, message }: Call): readonly Operation[] {
  if (message.form === 'response') return []
  const implies = methodRow(operation.kind)?.implies ?? 'none'
  switch (implies) {
    case 'read':
      if (operation.type === 'resource') return respelled(operation.uri, operation.kind)
      // A request that was let through without a URI is for its server to refuse.
      return message.form === 'request' && message.params?.members.has('uri') !== true
        ? []
        : readsOf(requireText(message, 'uri'))
    case 'reference':
      return referredTo(readReference(message))
    case 'subscriptions':
    case 'none':
      return []
  }
}

/** A read of the URI, in every form in which a server may look it up. */
export function readsOf(uri: string): readonly Operation[] {
  return [uri, ...formsOf(uri)].map(read)
}

function respelled(uri: string, kind: string): readonly Operation[] {
  const forms = formsOf(uri)
  const own = forms.map((form) => ({ type: 'resource', kind, uri: form }) as const)
  return kind === 'resources/read' ? own : [...own, ...[uri, ...forms].map(read)]
}

function read(uri: string): Operation {
  return { type: 'resource', kind: 'resources/read', uri }
}

function referredTo({ prompt, uri, args }: ReturnType<typeof readReference>): readonly Operation[] {
  const get: Operation[] =
    prompt === undefined ? [] : [{ type: 'prompt', kind: 'prompts/get', name: prompt, args }]
  return uri === undefined ? get : [...get, ...readsOf(uri)]
}

/** Each form costs a decision about a text as long as the URI. */
const longestUri = 16_384

function formsOf(uri: string): readonly string[] {
  if (uri.length > longestUri) {
    throw new GatewayError('invalid_params', `A URI may have ${longestUri} characters here`)
  }
  return normalForms(uri)
}
