import { createLine, type HangUp } from '../domain/hang-up.js'
import type { NotificationMessage } from '../domain/message.js'
import type { Reply } from '../domain/reply.js'
import { subscriptionIdKey } from '../wire/eras.js'
import type { BridgeParts } from './bridge-parts.js'
import type { ModernRequest } from './client-terms.js'
import { createLateReply } from './late-reply.js'
import { codes, errorReply, notificationText, requestText, resultText } from './messages.js'
import { responseIn } from './modern-requests.js'
import { objectOf, stringOf, textAt, withMembers } from './object-text.js'
import type { Lease } from './pool.js'
import type { ServerSession } from './server-session.js'

/** Modern clients that listen (`subscriptions/listen`) in front of a legacy server. */
export interface Subscriptions {
  listen(request: ModernRequest, lease: Lease, key: string, hangUp: HangUp): Promise<Reply>
  /** Passes a change on to whoever listens for it, among the clients with this key. */
  changed(key: string, notification: NotificationMessage): void
  close(): void
}

interface Filter {
  readonly kinds: readonly string[]
  readonly uris: readonly string[]
}

interface Listener {
  hear(notification: NotificationMessage): void
  /** Ends it with a word. */
  end(): void
}

export function createSubscriptions(parts: BridgeParts): Subscriptions {
  const listeners = new Map<string, Set<Listener>>()

  const add = (key: string, listener: Listener): (() => void) => {
    const group = listeners.get(key) ?? new Set()
    listeners.set(key, group.add(listener))
    return () => {
      group.delete(listener)
      if (group.size === 0) listeners.delete(key)
    }
  }

  return {
    listen: async (request, lease, key, hangUp) => {
      const { id } = request.message
      const wanted = textAt(request.params, 'notifications')
      if (wanted?.startsWith('{') !== true) {
        lease.release()
        const message = '"params.notifications" must say what to listen for'
        return errorReply(id, { code: codes.invalidParams, message })
      }
      const asked = { ...request, wanted: objectOf(wanted), hangUp }
      const honoured = await honour(asked, lease.session, parts).catch((thrown: unknown) => {
        lease.release()
        throw thrown
      })
      const late = createLateReply(() => stop())
      const stamp = { [subscriptionIdKey]: id }
      const done = resultText(id, resultOf(stamp))
      late.note(acknowledgement(honoured, stamp))
      let over = false
      const stop = (): void => {
        if (over) return
        over = true
        remove()
        stay()
        for (const uri of honoured.uris) unwatch(uri, lease.session, parts)
        lease.release()
        late.finish(done)
      }
      const hear = (notification: NotificationMessage): void => {
        // Whoever does not read is let go: it lists anew when it comes back.
        if (late.isFull) stop()
        else if (isHonoured(notification, honoured)) late.note(stamped(notification, stamp))
      }
      const remove = add(key, { hear, end: stop })
      let stay = (): void => undefined
      stay = lease.session.whenGone(stop)
      hangUp.notify(stop)
      if (honoured.kinds.length + honoured.uris.length === 0) stop()
      return late.reply
    },
    changed: (key, notification) => {
      for (const listener of listeners.get(key) ?? []) listener.hear(notification)
    },
    close: () => {
      for (const group of listeners.values()) for (const listener of [...group]) listener.end()
    },
  }
}

interface Listening extends ModernRequest {
  readonly wanted: Readonly<Record<string, unknown>>
  readonly hangUp: HangUp
}

/** Each costs a request to the server. */
const mostUris = 1_000

/** What of the filter the server can keep to: it is told of each resource here. */
async function honour(
  request: Listening,
  session: ServerSession,
  parts: BridgeParts,
): Promise<Filter> {
  const { wanted, hangUp } = request
  const can = (...path: string[]): boolean =>
    textAt(session.opening, 'capabilities', ...path) === 'true'
  const kinds = Object.entries(capabilityOf)
    .filter(([kind, name]) => wanted[kind] === true && can(name, 'listChanged'))
    .map(([kind]) => kind)
  const { resourceSubscriptions: asked } = wanted
  const uris: string[] = []
  if (Array.isArray(asked) && can('resources', 'subscribe')) {
    for (const uri of [...new Set(asked)].slice(0, mostUris)) {
      if (hangUp.happened) break
      if (typeof uri === 'string' && (await watch(uri, request, session, parts))) uris.push(uri)
    }
  }
  return { kinds, uris }
}

const capabilityOf = {
  toolsListChanged: 'tools',
  promptsListChanged: 'prompts',
  resourcesListChanged: 'resources',
} as const

const kindsByMethod: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
}

async function watch(
  uri: string,
  { call }: ModernRequest,
  session: ServerSession,
  { upstream, newId, limits }: BridgeParts,
): Promise<boolean> {
  const times = session.watched.get(uri) ?? 0
  if (times === 0) {
    const id = JSON.stringify(`bridged-${newId()}`)
    const text = requestText(id, 'resources/subscribe', JSON.stringify({ uri }))
    const reply = await upstream.send(session.call(call, text), createLine())
    const { outcome } = await responseIn(reply, limits.maxMessageBytes)
    if (outcome.type === 'error') return false
  }
  session.watched.set(uri, (session.watched.get(uri) ?? 0) + 1)
  return true
}

function unwatch(uri: string, session: ServerSession, { newId }: BridgeParts): void {
  const times = (session.watched.get(uri) ?? 0) - 1
  if (times > 0) {
    session.watched.set(uri, times)
    return
  }
  session.watched.delete(uri)
  const id = JSON.stringify(`bridged-${newId()}`)
  session.tell(requestText(id, 'resources/unsubscribe', JSON.stringify({ uri })))
}

function acknowledgement({ kinds, uris }: Filter, stamp: Record<string, string>): Buffer {
  const notifications = {
    ...Object.fromEntries(kinds.map((kind) => [kind, true])),
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
  }
  const params = withMembers(undefined, {
    notifications: JSON.stringify(notifications),
    _meta: withMembers(undefined, stamp),
  })
  return notificationText('notifications/subscriptions/acknowledged', params)
}

function resultOf(stamp: Record<string, string>): string {
  return withMembers(undefined, { resultType: '"complete"', _meta: withMembers(undefined, stamp) })
}

function isHonoured({ method, text }: NotificationMessage, { kinds, uris }: Filter): boolean {
  if (method === 'notifications/resources/updated') {
    return uris.includes(stringOf(textAt(text.toString(), 'params', 'uri')) ?? '')
  }
  return kinds.includes(kindsByMethod[method] ?? '')
}

function stamped({ text }: NotificationMessage, stamp: Record<string, string>): Buffer {
  const json = text.toString()
  const params = textAt(json, 'params')
  const meta = withMembers(textAt(params, '_meta'), stamp)
  return Buffer.from(withMembers(json, { params: withMembers(params, { _meta: meta }) }))
}
