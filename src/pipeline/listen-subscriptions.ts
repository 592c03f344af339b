import { setImmediate } from 'node:timers/promises'
import type { Call } from '../domain/call.js'
import type { Allow, Decision, Deny } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { Policy } from '../domain/ports.js'
import { readSubscriptions, withoutSubscriptions } from '../wire/resource-subscriptions.js'
import { readsOf } from './implied-operations.js'
import { strictest, unreadable } from './implied.js'
import { enforces, unruled } from './judge.js'
import type { PipelineParts } from './parts.js'
import { rewritten } from './rewritten-call.js'

/** A `subscriptions/listen` as it goes on, and the decision that this leaves. */
export interface Subscribed {
  readonly decision: Decision
  readonly sent: Call
}

/**
 * Takes out of a subscription the resources that its caller may not read, so that what the server acknowledges is what
 * the caller gets. One about which policy cannot decide refuses the whole.
 */
export async function admitSubscriptions(
  decided: Decision,
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Promise<Subscribed> {
  try {
    const uris = subscriptionsOf(call)
    const refused = await refusedReads(uris, call, policy, parts)
    const [first] = refused.values()
    if (first === undefined) return { decision: decided, sent: call }
    const undecided = [...refused.values()].find(isUndecided)
    if (undecided !== undefined) return { decision: undecided, sent: call }
    const became = enforces(parts.mode) ? 'were removed' : 'would be removed'
    const warning = `${refused.size} of ${uris.length} resource subscriptions ${became}: ${first.reason}`
    const decision = { ...decided, warnings: [...decided.warnings, warning] }
    return { decision, sent: enforces(parts.mode) ? without(refused, call) : call }
  } catch (thrown) {
    return { decision: unreadable(decided, thrown), sent: call }
  }
}

/** Each costs decisions while other calls wait. */
const mostSubscriptions = 1_000
const decidedInOneTurn = 16

function subscriptionsOf({ message }: Call): readonly string[] {
  const uris = message.form === 'response' ? [] : readSubscriptions(message)
  if (uris.length <= mostSubscriptions) return uris
  throw new GatewayError(
    'invalid_params',
    `One request may subscribe to ${mostSubscriptions} resources: send several`,
  )
}

/** The decisions that keep resources out, by URI. */
async function refusedReads(
  uris: readonly string[],
  call: Call,
  policy: Policy,
  parts: PipelineParts,
): Promise<ReadonlyMap<string, Decision>> {
  const refused = new Map<string, Decision>()
  for (const [index, uri] of uris.entries()) {
    if (index % decidedInOneTurn === decidedInOneTurn - 1) await setImmediate()
    const decision = strictest(permitted, readsOf(uri), call, policy, parts)
    if (decision.effect !== 'allow') refused.set(uri, decision)
  }
  return refused
}

/** What a decision about a read has to be stricter than. */
const permitted: Allow = { ...unruled, effect: 'allow', reason: '', obligations: [] }

function isUndecided(decision: Decision): decision is Deny {
  return decision.effect === 'deny' && decision.fault !== undefined
}

/** @throws GatewayError where the message could not be read any more */
function without(refused: ReadonlyMap<string, unknown>, call: Call): Call {
  const { message } = call
  if (message.form === 'response') return call
  const sent = rewritten(call, withoutSubscriptions(message, new Set(refused.keys())))
  if (sent instanceof GatewayError) throw sent
  return sent
}
