import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Reply } from '../domain/reply.js'
import { subscriptionIdKey } from '../wire/eras.js'
import type { BridgeParts } from './bridge-parts.js'
import { createCancellation, type Cancellation } from './cancellation.js'
import { carriesMessage, framesOf, isComment, wholeText } from './frames.js'
import { createLateReply, type LateReply } from './late-reply.js'
import { readUpstreamMessage } from './messages.js'
import { objectOf, stringOf, textAt, withMembers } from './object-text.js'

/** A legacy client's own stream, fed by `subscriptions/listen` at a modern server. */
export interface Listening {
  readonly reply: Promise<Reply>
  /** Listens for these resources from now on. Gives the ones that the server does not honour. */
  watch(uris: ReadonlySet<string>): Promise<readonly string[]>
  end(): void
}

export interface ListeningParts extends BridgeParts {
  /** The kinds of list changes that the server advertises, as a filter of `subscriptions/listen`. */
  readonly kinds: Readonly<Record<string, true>>
  /** The request that listens, with this filter. */
  readonly listenCall: (filter: string) => Call
  readonly ended: () => void
}

export function createListening(parts: ListeningParts, hangUp: HangUp): Listening {
  const whole = createCancellation()
  const late = createLateReply(() => whole.cancel())
  let current: Cancellation | undefined
  hangUp.notify(() => whole.cancel())
  whole.on(() => {
    current?.cancel()
    late.abandon()
    parts.ended()
  })

  /** The old subscription goes on until the new one is acknowledged, so that nothing is missed between. */
  const subscribeTo = async (uris: ReadonlySet<string>): Promise<readonly string[]> => {
    const wanted = [...uris]
    const filter = {
      ...parts.kinds,
      ...(wanted.length === 0 ? {} : { resourceSubscriptions: wanted }),
    }
    const before = current
    if (Object.keys(filter).length === 0) {
      before?.cancel()
      current = undefined
      return []
    }
    const next = createCancellation()
    const off = whole.on(() => next.cancel())
    const honoured = await subscribe(JSON.stringify(filter), next, late, parts)
    before?.cancel()
    current = next
    void honoured.ended.finally(() => {
      off()
      // A client whose stream has ended opens another one.
      if (current === next) whole.cancel()
    })
    return wanted.filter((uri) => !honoured.uris.includes(uri))
  }

  // One after the other: each change builds on the one before.
  let last: Promise<unknown> = Promise.resolve()
  const watch = (uris: ReadonlySet<string>): Promise<readonly string[]> => {
    const next = last.then(() => subscribeTo(uris))
    last = next.catch(() => undefined)
    return next
  }

  late.comment(Buffer.from(': listening\n\n'))
  return { reply: late.reply, watch, end: () => whole.cancel() }
}

interface Subscription {
  readonly uris: readonly string[]
  readonly ended: Promise<void>
}

/** @throws GatewayError where the server does not acknowledge */
async function subscribe(
  filter: string,
  cancellation: Cancellation,
  late: LateReply,
  parts: ListeningParts,
): Promise<Subscription> {
  const reply = await parts.upstream.send(parts.listenCall(filter), cancellation.line())
  if (reply.form !== 'events') {
    await wholeText(reply, parts.limits.maxMessageBytes)
    throw new GatewayError('upstream_invalid', 'The server does not let anybody listen')
  }
  const frames = framesOf(reply, parts.limits.maxMessageBytes)
  const next = async (): Promise<Buffer | undefined> => {
    for (;;) {
      const frame = await frames.next()
      if (frame === undefined || carriesMessage(frame)) return frame?.data
      if (isComment(frame)) late.comment(frame.raw)
      await late.room()
    }
  }
  const opening = await next()
  if (stringOf(textAt(opening?.toString(), 'method')) !== acknowledged) {
    frames.cancel()
    throw new GatewayError('upstream_invalid', 'The server did not acknowledge the subscription')
  }
  const uris = objectOf(textAt(opening?.toString(), 'params', 'notifications'))[
    'resourceSubscriptions'
  ]
  const relay = async (): Promise<void> => {
    for (let text = await next(); text !== undefined; text = await next()) {
      const message = readUpstreamMessage(text)
      if (message.form === 'response') return
      if (message.form === 'notification') late.note(legacyNotification(message.text))
      await late.room()
    }
  }
  return {
    uris: Array.isArray(uris) ? uris.map(String) : [],
    ended: relay().catch(() => undefined),
  }
}

const acknowledged = 'notifications/subscriptions/acknowledged'

/** The notification without the mark of the subscription that it came for. */
function legacyNotification(text: Buffer): Buffer {
  const json = text.toString()
  const params = textAt(json, 'params')
  const meta = textAt(params, '_meta')
  if (meta === undefined || textAt(meta, subscriptionIdKey) === undefined) return text
  const rest = withMembers(meta, { [subscriptionIdKey]: undefined })
  const kept = withMembers(params, { _meta: isEmpty(rest) ? undefined : rest })
  return Buffer.from(withMembers(json, { params: isEmpty(kept) ? undefined : kept }))
}

function isEmpty(json: string): boolean {
  return Object.keys(objectOf(json)).length === 0
}

/** The kinds of list changes that these capabilities promise. */
export function promisedKinds(capabilities: string | undefined): Readonly<Record<string, true>> {
  const promised = Object.entries(kindOf).filter(
    ([name]) => textAt(capabilities, name, 'listChanged') === 'true',
  )
  return Object.fromEntries(promised.map(([, kind]) => [kind, true]))
}

const kindOf = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
} as const
