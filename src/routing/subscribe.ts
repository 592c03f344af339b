import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { Message, NotificationMessage, RequestMessage } from '../domain/message.js'
import { subscriptionIdKey } from '../wire/eras.js'
import type { EventFrame } from '../wire/event-stream.js'
import { readMessage } from '../wire/message.js'
import { chunksOf, drop, eventsAnswer, formOf, isSaid, type AnyAnswer } from './answers.js'
import { createAcknowledgement, type Acknowledgement } from './acknowledgement.js'
import { ask } from './ask.js'
import type { Asking } from './asking.js'
import type { FanOutParts } from './fan-out.js'
import { createVerdict, type Verdict } from './first-verdict.js'
import { follow, type Opened } from './follow.js'
import { listKinds } from './introduction.js'
import type { Lines } from './lines.js'
import type { Member } from './member.js'
import { createOutlet, type Outlet } from './outlet.js'
import { toListener, toRequest } from './belonging.js'
import { asOneOf, isTelling } from './one-of-several.js'
import { relayed, renamed } from './relay.js'
import { concerns, readFilter, writeFilter, type Filter } from './subscription-filter.js'

/** Longest waits for a server's headers and for its acknowledgement, milliseconds. */
const headersWaitMs = 1_000
const acknowledgementWaitMs = 5_000

/**
 * `subscriptions/listen` at all servers that it concerns, each with its part: one acknowledgement of what all granted,
 * then what any of them tells, until the client hangs up or the last of them ends.
 */
export async function subscribe(
  asking: Asking,
  message: RequestMessage,
  fanOut: FanOutParts,
): Promise<AnyAnswer> {
  const { lines } = asking
  const { members } = fanOut.parts
  const filter = readFilter(message)
  const asked = [...members.values()].filter(({ name }) => concerns(filter, name))
  const outlet = createOutlet(() => lines.hangUp())
  const subscription: Subscription = {
    asking,
    id: message.id,
    outlet,
    verdict: createVerdict(asked.length, lines.pause(headersWaitMs)),
    acknowledged: createAcknowledgement(asked.length, lines.pause(acknowledgementWaitMs)),
    open: new Set(asked.map(({ name }) => name)),
    refusals: [],
    fanOut,
  }
  const all = asked.map((member) => followOne(member, subscription))
  void tellAll(all, subscription)
  const given = await subscription.verdict.given
  if (given === 'open') return eventsAnswer(outlet.chunks)
  lines.hangUp()
  const [refusal] = subscription.refusals
  return refusal ?? { type: 'refused', error: nobody() }
}

interface Subscription {
  readonly asking: Asking
  /** Of the request, as it is spelled; it names the subscription in each of its messages. */
  readonly id: string
  readonly outlet: Outlet
  readonly verdict: Verdict
  readonly acknowledged: Acknowledgement
  /** Servers whose streams have not ended. */
  readonly open: Set<string>
  /** What those answered that take no subscription. */
  readonly refusals: AnyAnswer[]
  readonly fanOut: FanOutParts
}

function nobody(): GatewayError {
  return new GatewayError('upstream_unavailable', 'No server takes this subscription')
}

async function tellAll(all: readonly Promise<void>[], subscription: Subscription): Promise<void> {
  const { asking, outlet, acknowledged, id } = subscription
  await acknowledged.given
  const granted = writeFilter(acknowledged.filters())
  outlet.say(said(id, 'notifications/subscriptions/acknowledged', `"notifications":${granted},`))
  acknowledged.tell()
  try {
    await Promise.all(all)
    outlet.say(
      Buffer.from(
        `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","_meta":${metaOf(id)}}}`,
      ),
    )
    outlet.end()
  } catch (thrown) {
    asking.lines.hangUp()
    outlet.fail(asGatewayError(thrown))
  }
}

function said(id: string, method: string, params = ''): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","method":"${method}","params":{${params}"_meta":${metaOf(id)}}}`,
  )
}

function metaOf(id: string): string {
  return `{"${subscriptionIdKey}":${id}}`
}

async function followOne(member: Member, subscription: Subscription): Promise<void> {
  const { asking, outlet, verdict, acknowledged, open, fanOut, id } = subscription
  const { name } = member
  await follow({
    lines: asking.lines,
    maxMessageBytes: fanOut.parts.maxMessageBytes,
    open: (lines) => openOne(member, lines, subscription),
    told: (opened, isFirst) => {
      verdict.say(name, opened)
      if (opened.type !== 'open') {
        acknowledged.miss(name)
        open.delete(name)
        return
      }
      open.add(name)
      // Whatever changed while it was away, nobody was told.
      if (!isFirst)
        for (const kind of changing(acknowledged.grantedBy(name))) outlet.say(said(id, kind))
    },
    pass: (frame) => pass(frame, member, subscription),
    ended: (error) => {
      acknowledged.miss(name)
      open.delete(name)
      if (open.size > 0) return true
      if (error !== undefined) throw error
      asking.lines.hangUp()
      return false
    },
  })
}

function changing(filter: Filter | undefined): readonly string[] {
  return listKinds
    .filter((kind) => filter?.flags.has(`${kind}ListChanged`))
    .map((kind) => `notifications/${kind}/list_changed`)
}

async function openOne(
  member: Member,
  lines: Lines,
  { asking, open, refusals, fanOut }: Subscription,
): Promise<Opened> {
  const { newId, maxMessageBytes, inFlight } = fanOut.parts
  // A stream that is opened again is no part of what the request became.
  const calls = open.has(member.name) ? asking.calls : []
  const attempt = { ...asking, lines, calls }
  const { answer } = await ask(attempt, member, { id: newId() }, fanOut)
  if (isSaid(answer) && answer.status < 300 && formOf(answer) === 'events') {
    return { type: 'open', chunks: chunksOf(answer) }
  }
  const error = answer.type === 'refused' ? answer.error : undefined
  if (error?.code.startsWith('upstream_') === true) {
    if (refusals.length === 0) refusals.push(answer)
    return { type: 'failed', error }
  }
  const belongs = toRequest(asking.call, asking.call.message, member, inFlight)
  refusals.push(await relayed(answer, { member, era: 'modern', maxMessageBytes, belongs }))
  drop(answer)
  return { type: 'never' }
}

/** One event of a server: its acknowledgement and its end are taken note of, everything else goes on behind the first. */
async function pass(
  frame: EventFrame,
  member: Member,
  subscription: Subscription,
): Promise<boolean> {
  const { asking, fanOut, outlet, acknowledged, id } = subscription
  const belongs = toListener(asking.call, member, fanOut.parts.inFlight)
  const named = renamed(frame, { member, era: 'modern', belongs })
  if (named === undefined) return false
  const { data } = named
  if (data !== undefined && data.length > 0) {
    const message = readMessage(data)
    if (isAcknowledgement(message)) {
      acknowledged.grant(member.name, readFilter(message))
      return false
    }
    if (isTearDown(message, id)) return false
    await acknowledged.told
  }
  outlet.write(asOneOf(named, ''))
  await outlet.ready()
  return isTelling(named)
}

function isAcknowledgement(message: Message): message is NotificationMessage {
  return message.form === 'notification' && message.method === acknowledgedMethod
}

const acknowledgedMethod = 'notifications/subscriptions/acknowledged'

/** Some servers end a subscription by cancelling it. */
function isTearDown(message: Message, id: string): boolean {
  if (message.form !== 'notification' || message.method !== 'notifications/cancelled') return false
  const requestId = message.params?.members.get('requestId')?.value
  return (
    requestId !== undefined && message.text.toString('utf8', requestId.start, requestId.end) === id
  )
}
