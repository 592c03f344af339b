import type { Call } from '../domain/call.js'
import type { Message, NotificationMessage, RequestMessage } from '../domain/message.js'
import { comparable } from './ids.js'
import { everyone, progressTokenOf, type InFlight } from './in-flight.js'
import type { Member } from './member.js'

/**
 * Whether what a server says may reach the client on this stream. A client finds the request that an answer or a report
 * is about by its id or token alone, whichever stream it came on: no server may speak of what another one was asked.
 */
export type Belongs = (message: Message) => boolean

/** On the stream that answers a request. @param call as the client made it, whose session it is */
export function toRequest(
  call: Call,
  asked: Message,
  { name }: Member,
  inFlight: InFlight,
): Belongs {
  const own = asked.form === 'request' ? asked : undefined
  return (message) => {
    if (message.form === 'response') return message.id === 'null' || isUnder(own, message.id)
    const token = reportedToken(message)
    if (token === undefined || isReport(own, token)) return true
    return isOneOf([name, everyone], inFlight.serverOfToken(call, token))
  }
}

/** On a stream that answers nothing. */
export function toListener(call: Call, { name }: Member, inFlight: InFlight): Belongs {
  return (message) => {
    if (message.form === 'response') return false
    const token = reportedToken(message)
    return token === undefined || isOneOf([name, everyone], inFlight.serverOfToken(call, token))
  }
}

/** On what is resumed of a stream: its request may have been made where another process listened. */
export function toResumed(call: Call, { name }: Member, inFlight: InFlight): Belongs {
  const possible = [name, everyone, undefined]
  return (message) => {
    if (message.form === 'response') {
      return message.id === 'null' || isOneOf(possible, inFlight.serverOf(call, message.id))
    }
    const token = reportedToken(message)
    return token === undefined || isOneOf(possible, inFlight.serverOfToken(call, token))
  }
}

function isUnder(asked: RequestMessage | undefined, id: string): boolean {
  return asked !== undefined && comparable(asked.id) === comparable(id)
}

function isReport(asked: RequestMessage | undefined, token: string): boolean {
  const own = asked === undefined ? undefined : progressTokenOf(asked)
  return own !== undefined && comparable(own) === comparable(token)
}

function isOneOf<T>(possible: readonly T[], value: T): boolean {
  return possible.includes(value)
}

/** What a report on progress says that it is about, as it is spelled. */
function reportedToken(message: Exclude<Message, { form: 'response' }>): string | undefined {
  return message.method === 'notifications/progress'
    ? (spelledAt(message, 'progressToken') ?? 'null')
    : undefined
}

/** A member of the params as it is spelled. */
export function spelledAt(
  { params, text }: NotificationMessage | RequestMessage,
  key: string,
): string | undefined {
  const member = params?.members.get(key)
  return member === undefined
    ? undefined
    : text.toString('utf8', member.value.start, member.value.end)
}
