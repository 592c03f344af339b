import { GatewayError } from '../domain/errors.js'
import type { Member, NotificationMessage, RequestMessage } from '../domain/message.js'
import { editJson } from './json-edit.js'
import { nestedMembers } from './nested-members.js'

type Listening = RequestMessage | NotificationMessage

/**
 * The URIs whose updates a `subscriptions/listen` asks for, each once.
 * @throws GatewayError `invalid_params` where two servers could read them differently
 */
export function readSubscriptions(message: Listening): readonly string[] {
  const filter = filterOf(message)
  if (filter === undefined) return []
  if (filter.shape !== 'object') throw invalid('"params.notifications" must be an object')
  const uris = nestedMembers(message.text, filter, 'params.notifications').get(subscriptions)
  if (uris === undefined) return []
  const { start, end } = uris.value
  const value: unknown = JSON.parse(message.text.toString('utf8', start, end))
  if (!isTexts(value))
    throw invalid(`"params.notifications.${subscriptions}" must be an array of URIs`)
  return [...new Set(value)]
}

/** The message's text without those URIs; every other byte stays. */
export function withoutSubscriptions(message: Listening, uris: ReadonlySet<string>): Buffer {
  const filter = filterOf(message)
  if (filter === undefined) return message.text
  const { text } = message
  const { start, end } = filter.value
  const edited = editJson<Place>(text.toString('utf8', start, end), 'filter', {
    member: (place, key) => (place === 'filter' && key === subscriptions ? 'list' : 'other'),
    item: (place) => (place === 'list' ? 'uri' : 'other'),
    editString: (place, literal) =>
      place === 'uri' && uris.has(JSON.parse(literal) as string) ? 'remove' : 'keep',
    editValue: (place) => (place === 'filter' || place === 'list' ? 'enter' : 'keep'),
  })
  return Buffer.concat([text.subarray(0, start), Buffer.from(edited), text.subarray(end)])
}

type Place = 'filter' | 'list' | 'uri' | 'other'

const subscriptions = 'resourceSubscriptions'

function filterOf({ params }: Listening): Member | undefined {
  return params?.members.get('notifications')
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_params', message)
}
