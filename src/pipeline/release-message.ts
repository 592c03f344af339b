import type { Call } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type {
  Message,
  NotificationMessage,
  RequestMessage,
  ResponseMessage,
} from '../domain/message.js'
import type { Policy } from '../domain/ports.js'
import { readMessage } from '../wire/message.js'
import { readOperation } from '../wire/operation.js'
import { refuseInBand } from '../wire/refusal.js'
import { ruleOn, type Permitted } from './admit.js'
import { declineServerRequest } from './decline.js'
import { enforces, judge, record } from './judge.js'
import type { PipelineParts } from './parts.js'
import type { Judging } from './release.js'
import { releaseResponse, withhold } from './release-response.js'

/** A stream of messages towards the client, and the call that it belongs to. */
export interface MessageStream {
  /** The call that it answers, or the one that stands for a listening client. */
  readonly permitted: Permitted
  /** A stream that the client opened to listen: its messages belong to no call, and meet the policy in force. */
  readonly listening: boolean
}

/**
 * One message of a stream as policy permits it: the same Buffer where nothing was changed, undefined where it is
 * dropped.
 * @throws GatewayError `upstream_invalid` in enforce mode, where the text cannot be read without doubt
 */
export async function releaseMessage(
  text: Buffer,
  stream: MessageStream,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const policy = stream.listening ? policyInForce(parts) : stream.permitted.policy
  if (policy === undefined) return text
  const judging = { ...stream.permitted, policy }
  const message = await read(text, judging, parts)
  switch (message?.form) {
    case undefined:
      return text
    case 'response':
      return answerOrRefusal(message, judging, stream.listening, parts)
    case 'notification':
      return releaseNotification(message, judging, parts)
    case 'request':
      return releaseServerRequest(
        message,
        { ...judging, policy: policyInForce(parts) ?? policy },
        parts,
      )
  }
}

function policyInForce({ policies }: PipelineParts): Policy | undefined {
  const state = policies.current()
  return state.state === 'active' ? state.policy : undefined
}

async function read(
  text: Buffer,
  judging: Judging,
  parts: PipelineParts,
): Promise<Message | undefined> {
  try {
    return readMessage(text)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const fault = new GatewayError('upstream_invalid', thrown.message, { cause: thrown })
    if (enforces(parts.mode)) throw fault
    await withhold(fault, judging, parts)
    return undefined
  }
}

async function answerOrRefusal(
  message: ResponseMessage,
  judging: Judging,
  listening: boolean,
  parts: PipelineParts,
): Promise<Buffer> {
  const own = judging.call.message
  const asked = !listening && own.form === 'request' && own.id === message.id
  const recalled = asked ? judging : parts.openCalls.recall(judging.call.session, message.id)
  const answered = { ...(recalled ?? judging), policy: judging.policy }
  try {
    return await releaseResponse(message, answered, parts)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const { kind } = answered.call.operation
    return refuseInBand(thrown, { id: message.id, kind }, parts.telling)
  }
}

async function releaseNotification(
  message: NotificationMessage,
  { call: origin, policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  if (!policy.hooks.post) return message.text
  const params = message.params?.span
  const operation = { type: 'other', kind: message.method, params } as const
  const call: Call = { ...origin, message, operation, direction: 'to_client' }
  const shown = params === undefined ? noParams : { text: message.text, span: params }
  const verdict = await judge(
    {
      hook: 'post',
      call,
      response: { ...shown, isError: false },
      text: message.text,
      root: { name: 'response', span: params, isError: false },
      wellFormed: message.wellFormed,
    },
    policy,
    parts,
  )
  const judged = { ...verdict, hook: 'post', call, sent: undefined, failOpen: false } as const
  await record({ ...judged, bundleDigest: policy.digest }, parts)
  if (!enforces(parts.mode)) return message.text
  return verdict.decision.effect === 'allow' ? verdict.text : undefined
}

const noParams = { text: Buffer.from('{}'), span: { start: 0, end: 2 } }

async function releaseServerRequest(
  message: RequestMessage,
  { call: origin, policy }: Judging,
  parts: PipelineParts,
): Promise<Buffer | undefined> {
  const call: Call = {
    ...origin,
    id: parts.newId(),
    message,
    operation: readOperation(message),
    direction: 'to_client',
  }
  const { verdict, sent } = await ruleOn(call, policy, parts)
  const changed = sent === call ? undefined : sent
  const judged = { ...verdict, hook: 'pre', call, sent: changed, failOpen: false } as const
  await record({ ...judged, bundleDigest: policy.digest }, parts)
  if (enforces(parts.mode) && verdict.decision.effect !== 'allow') {
    declineServerRequest(call, message, verdict, parts)
    return undefined
  }
  parts.serverRequests.expect(call.session, message.id, message.method)
  return enforces(parts.mode) ? sent.message.text : message.text
}
