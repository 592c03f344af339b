import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { RequestMessage } from '../domain/message.js'
import type { Operation } from '../domain/operation.js'
import { readOperation } from '../wire/operation.js'
import { ruleOn, type Ruled } from './admit.js'
import { declineServerRequest } from './decline.js'
import { enforces, policyError, record, unruled, type Verdict } from './judge.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './judging.js'
import { comparableId } from './request-id.js'
import { closeParamIds } from './task-ids.js'
import { isRefused, unknownVerdict } from './unknown-methods.js'

/** A request of the server to its client, as policy permits it; undefined where it was declined in the client's name. */
export async function releaseServerRequest(
  message: RequestMessage,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const { call, verdict, sent } = await ruleOnServerRequest(
    message,
    { ...judging, call: { ...judging.call, id: parts.newId() } },
    parts,
  )
  if (enforces(parts.mode) && verdict.decision.effect !== 'allow') {
    await declineServerRequest(call, message, verdict, parts)
    return undefined
  }
  parts.serverRequests.keep(call.session, comparableId(message.id), message.method)
  const text = enforces(parts.mode) ? sent.message.text : message.text
  return closeParamIds(text, call, parts)
}

/**
 * The decision about a request of the server, put on record under the id of the call that it came with. What has a
 * fault is refused unseen.
 */
export async function ruleOnServerRequest(
  message: RequestMessage,
  { call: origin, policy }: Judging,
  parts: PipelineParts,
  fault?: GatewayError,
): Promise<Pick<Ruled, 'verdict' | 'sent'> & { readonly call: Call }> {
  const unread: Operation = { type: 'other', kind: message.method, params: message.params?.span }
  const asked: Call = { ...origin, message, operation: unread, direction: 'to_client' }
  const operation = fault ?? operationOf(message)
  const call = operation instanceof GatewayError ? asked : { ...asked, operation }
  const { verdict, sent } = isRefused(message.method, parts)
    ? { verdict: unknownVerdict(message, parts), sent: call }
    : operation instanceof GatewayError
      ? { verdict: unreadable(operation, message, policy.revision, parts), sent: call }
      : await ruleOn(call, policy, parts)
  const changed = sent === call ? undefined : sent
  const bundleDigest = policy.digest
  await record({ verdict, hook: 'pre', call, sent: changed, bundleDigest, failOpen: false }, parts)
  return { call, verdict, sent }
}

function operationOf(message: RequestMessage): Operation | GatewayError {
  try {
    return readOperation(message)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

/** What policy cannot be shown is refused; the stream that it came on goes on. */
function unreadable(
  fault: GatewayError,
  { text }: RequestMessage,
  revision: string,
  { newId }: PipelineParts,
): Verdict {
  const decision = policyError({ ...unruled, revision }, 'input', fault.message)
  return { decisionId: newId(), decision, text, evalUs: 0 }
}
