import type { Message } from '../domain/message.js'
import { ownerOfId } from './ids.js'
import { ownerOf, type Owned } from './names.js'
import { each, removal, rewritten, text, within, type Rule } from './rules.js'
import { relatedTask } from './towards-client.js'
import { ownerOfUri } from './uris.js'

/** A client's message as one server understands it: its names are bare, and other servers' subscriptions are gone. */
export type TowardsServer = (message: Message) => Buffer

export function createTowardsServer(server: string): TowardsServer {
  const rules = rulesOf(server)
  return (message) => {
    const rule =
      message.form === 'response'
        ? rules.response
        : (rules.byMethod.get(message.method) ?? rules.other)
    return rewritten(message.text, rule)
  }
}

/** The same message with the cursor of one server. @param cursor as it is spelled in JSON */
export function withCursor(message: Buffer, cursor: string): Buffer {
  return rewritten(message, within({ params: within({ cursor: { write: () => cursor } }) }))
}

function rulesOf(server: string) {
  const bareOf =
    (owner: (value: string) => Owned | undefined) =>
    (value: string): string => {
      const owned = owner(value)
      return owned?.server === server ? owned.bare : value
    }
  const name = text(bareOf(ownerOf))
  const uri = text(bareOf(ownerOfUri))
  const id: Rule = { write: bareOf(ownerOfId) }
  const meta = within({ [relatedTask]: within({ taskId: name }) })
  const params = (members: Readonly<Record<string, Rule>>): Rule =>
    within({ params: within({ _meta: meta, ...members }) })
  const ownOnly = (owner: (value: string) => Owned | undefined): Rule => ({
    write: (literal) => {
      const owned = literal.startsWith('"') ? owner(JSON.parse(literal) as string) : undefined
      return owned?.server === server ? JSON.stringify(owned.bare) : removal
    },
  })
  const filter = within({
    resourceSubscriptions: each(ownOnly(ownerOfUri)),
    taskIds: each(ownOnly(ownerOf)),
  })
  const byMethod: ReadonlyMap<string, Rule> = new Map([
    ['tools/call', params({ name })],
    ['prompts/get', params({ name })],
    ['resources/read', params({ uri })],
    ['resources/subscribe', params({ uri })],
    ['resources/unsubscribe', params({ uri })],
    ['completion/complete', params({ ref: within({ name, uri }) })],
    ['tasks/get', params({ taskId: name })],
    ['tasks/result', params({ taskId: name })],
    ['tasks/cancel', params({ taskId: name })],
    ['tasks/update', params({ taskId: name })],
    ['subscriptions/listen', params({ notifications: filter })],
    ['notifications/progress', params({ progressToken: id })],
  ])
  return {
    byMethod,
    // Of an extension whatever was found by these names.
    other: params({ name, uri, taskId: name }),
    response: within({ id, result: within({ _meta: meta }) }),
  }
}
