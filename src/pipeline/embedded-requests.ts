import { setImmediate } from 'node:timers/promises'
import { GatewayError } from '../domain/errors.js'
import type { RequestMessage, ResponseMessage } from '../domain/message.js'
import { spliced, type Splice } from '../wire/json-parts.js'
import { createKeySearch } from '../wire/key-search.js'
import { readMessage } from '../wire/message.js'
import {
  inputRequestsIn,
  requiredElicitationsIn,
  type EmbeddedRequest,
  type EmbeddedRequests,
} from './embedded-places.js'
import { enforces } from './judge.js'
import type { PipelineParts } from './parts.js'
import { refusal, unrehearsed } from './refuse.js'
import { policyInForce, type Judging } from './judging.js'
import { ruleOnServerRequest } from './release-server-request.js'
import type { ResponseStep } from './response-steps.js'
import { withhold } from './withhold.js'

/**
 * Requests of the server that stand in a result or an error. Every reply is searched for them: also one to a client
 * that said that it cannot be asked, or to a call in whose reply they have no place, as clients may look nevertheless.
 */
export const embeddedRequests: ResponseStep = {
  reads: () => true,
  keys: createKeySearch(['inputRequests', 'elicitations']),
  release: async (message, judging, parts) => {
    const found =
      message.outcome.type === 'error'
        ? requiredElicitationsIn(message)
        : inputRequestsIn(message.text, message.members)
    const text = await releaseEmbedded(message.text, found, judging, parts)
    return text === message.text ? message : (readMessage(text) as ResponseMessage)
  },
}

/**
 * A text with requests of the server in it, as policy permits them: each is judged and put on record, and one that is
 * refused takes the others with it, as no client can do without any of them.
 * @throws GatewayError a refusal, or `upstream_invalid`
 */
export async function releaseEmbedded(
  text: Buffer,
  found: EmbeddedRequests,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  if (typeof found === 'string') return releaseUnclear(text, found, judging, parts)
  // Requests of a server meet the policy that is in force when they come.
  const asking = { ...judging, policy: policyInForce(parts) ?? judging.policy }
  const splices: Splice[] = []
  let refused: GatewayError | undefined
  for (const [index, request] of found.entries()) {
    if (index % decidedInOneTurn === decidedInOneTurn - 1) await setImmediate()
    const message = messageOf(text, request)
    const { verdict, sent } =
      message instanceof GatewayError
        ? await ruleOnServerRequest(unreadRequest(text, request), asking, parts, message)
        : await ruleOnServerRequest(message, asking, parts)
    const { decision, decisionId } = verdict
    if (decision.effect !== 'allow') {
      refused ??= refusal(unrehearsed(decision), decisionId, { forwarded: true })
    } else if (sent.message.form === 'request' && sent.message !== message) {
      splices.push(rewritten(request, sent.message))
    }
  }
  if (!enforces(parts.mode)) return text
  if (refused !== undefined) throw refused
  return spliced(text, splices)
}

/** Each costs a decision while other calls wait. */
const decidedInOneTurn = 16

async function releaseUnclear(
  text: Buffer,
  why: string,
  judging: Judging,
  parts: PipelineParts,
): Promise<Buffer> {
  const fault = new GatewayError('upstream_invalid', `Ambiguous requests of the server: ${why}`)
  const told = await withhold(fault, judging, parts)
  if (enforces(parts.mode)) throw told
  return text
}

/** The request as a message of its own, or what is wrong with it. */
function messageOf(text: Buffer, request: EmbeddedRequest): RequestMessage | GatewayError {
  const { id, method, params } = request
  if (method === undefined) return new GatewayError('invalid_request', 'The request has no method')
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":${method}`)
  const pieces = params === undefined ? [] : [paramsKey, text.subarray(params.start, params.end)]
  try {
    return readMessage(Buffer.concat([head, ...pieces, closingBrace])) as RequestMessage
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

const paramsKey = Buffer.from(',"params":')
const closingBrace = Buffer.from('}')

/** What stands on record for a request that cannot be read. */
function unreadRequest(text: Buffer, { id, method }: EmbeddedRequest): RequestMessage {
  const kind = method === undefined ? 'unreadable' : String(JSON.parse(method))
  return { form: 'request', text, id, method: kind, params: undefined, wellFormed: true }
}

function rewritten(
  { params, end }: EmbeddedRequest,
  { text, params: now }: RequestMessage,
): Splice {
  const written = now === undefined ? '{}' : text.toString('utf8', now.span.start, now.span.end)
  return params === undefined
    ? { span: { start: end, end }, text: `,"params":${written}` }
    : { span: params, text: written }
}
