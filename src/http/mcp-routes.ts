import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Answer, HandledCall } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import type { CallResult } from '../domain/entry.js'
import { asGatewayError, GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { Pipeline, Sessions } from '../domain/ports.js'
import { cutClaim } from '../wire/claims.js'
import { readMessage } from '../wire/message.js'
import { readProtocolVersion } from '../wire/operation.js'
import { writeEvent } from '../wire/event-stream.js'
import { askedBy, refuseInBand, wire, type Refused, type Telling } from '../wire/refusal.js'
import { preflightHeaders, type Doorkeeper } from './admission.js'
import { readCall, readCaller, refuseOtherMedia, streamCall, type DecodeParts } from './decode.js'
import {
  writeAccepted,
  writeAnswer,
  writeRefusal,
  type HeaderList,
  type Written,
} from './encode.js'
import type { Exchanges } from './exchanges.js'
import type { StreamCare } from './stream-care.js'

/** An MCP endpoint: what stands behind it, and the paths at which it is served. */
export interface McpRoute {
  readonly paths: readonly string[]
  readonly pipeline: Pipeline
  readonly sessions: Sessions
  /** The upstream's name; '' where several stand behind it. */
  readonly server: string
  /** MCP ends here: no upstream sees the clients' own requests, so the gateway refuses what a server has to refuse. */
  readonly terminated: boolean
}

export interface McpRouteParts extends DecodeParts, McpRoute {
  /** How long an event stream of the gateway's own is silent at most, milliseconds. */
  readonly silenceMs: number
  readonly doorkeeper: Doorkeeper
  readonly exchanges: Exchanges
  readonly telling: Telling
  readonly events: McpEvents
}

export interface McpEvents {
  /** A call has ended, however it ended. */
  ended(handled: HandledCall, result: CallResult): void
  /** A request was refused before it was a call, or a stream was. */
  requestRefused(error: GatewayError, status: number): void
}

/** Serves one MCP endpoint. */
export function mcpRoutes(
  app: FastifyInstance,
  paths: readonly string[],
  parts: McpRouteParts,
): void {
  for (const path of paths) {
    app.post(path, (request, reply) => post(request, reply, parts))
    app.get(path, (request, reply) => open(request, reply, parts))
    app.delete(path, (request, reply) => end(request, reply, parts))
    app.options(path, (request, reply) => preflight(request, reply, parts))
  }
}

async function post(request: FastifyRequest, reply: FastifyReply, parts: McpRouteParts) {
  const response = take(reply)
  const hangUp = parts.exchanges.begin(response, 'call')
  if (hangUp.happened) return
  const cors = parts.doorkeeper.corsHeaders(request.headers.origin)
  let asked: Refused = nobody
  let call: Call | undefined
  let calls: readonly HandledCall[] = []
  let written: Written
  const started = performance.now()
  try {
    parts.exchanges.refuseTooMany('call')
    refuseOtherMedia(request.raw)
    const caller = readCaller(request.raw, parts)
    const message = readMessage(bodyOf(request))
    asked = askedBy(message)
    call = readCall(message, caller, parts)
    if (call.operation.kind === 'subscriptions/listen') {
      parts.exchanges.refuseTooMany('listening')
      parts.exchanges.onlyListens(hangUp)
    }
    const handled = await parts.pipeline.handle(call, hangUp)
    calls = handled.calls
    const { answer } = handled
    written =
      answer.type === 'refused'
        ? refuse(response, answer.error, { asked, call, cors }, parts)
        : await writeAnswer(
            response,
            named(answer, call, parts.sessions),
            cors,
            careFor(asked, parts),
          )
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (calls.length === 0 && call !== undefined) calls = [{ call, ...(error.detail ?? undecided) }]
    written = refuse(response, error, { asked, call, cors }, parts)
  }
  const { status, digest, bytes, end } = written
  const result = { status, digest, bytes, latencyMs: performance.now() - started, end }
  for (const handled of calls) parts.events.ended(handled, result)
}

/** On its own streams the gateway is the server: nobody else keeps them open, or says that they have failed. */
function careFor(
  asked: Refused,
  { terminated, silenceMs, telling }: McpRouteParts,
): StreamCare | undefined {
  if (!terminated) return undefined
  const lastWord = (error: GatewayError): Buffer | undefined =>
    asked.id === 'null' ? undefined : writeEvent(refuseInBand(error, asked, telling))
  return { silenceMs, lastWord }
}

const nobody: Refused = { id: 'null', kind: '' }
const undecided = { decisionId: '', revision: '' }

interface Exchange {
  readonly asked: Refused
  /** Undefined where the request was refused before it was a call. */
  readonly call: Call | undefined
  readonly cors: HeaderList
}

function refuse(
  response: ServerResponse,
  error: GatewayError,
  { asked, call, cors }: Exchange,
  parts: McpRouteParts,
): Written {
  const written = isDropped(error, call)
    ? writeAccepted(response, cors)
    : writeRefusal(response, error, asked, parts.telling, cors)
  if (call === undefined || wire[error.code].fault === 'protocol' || error.code === 'internal') {
    parts.events.requestRefused(error, written.status)
  }
  return written
}

/** Fastify hands the raw response over: answers are written byte for byte, with backpressure. */
function take(reply: FastifyReply): ServerResponse {
  reply.hijack()
  return reply.raw
}

function bodyOf({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0) return body
  throw new GatewayError('parse_error', 'The request has no body: POST one JSON-RPC message')
}

/** A notification that was refused is dropped without a word; one that the upstream could not take is not. */
function isDropped(error: GatewayError, call: Call | undefined): boolean {
  const isRefusal = error.detail !== undefined && !error.code.startsWith('upstream_')
  return isRefusal && call?.message.form === 'notification'
}

/** The answer with session ids as the client knows them. */
function named(answer: Answer, call: Call, sessions: Sessions): Answer {
  if (answer.type === 'accepted') return answer
  const { session, principal, message } = call
  if (answer.status === 404 && session !== undefined) sessions.forget(session)
  const issued = answer.headers.find(([name]) => name === 'mcp-session-id')?.[1]
  if (issued === undefined) return answer
  if (message.form === 'request' && message.method === 'initialize' && answer.status === 200) {
    const protocol = cutClaim(readProtocolVersion(message) ?? '')
    sessions.begin(issued, { claimed: call.claimed, protocol })
  }
  const name = sessions.nameFor(issued, principal.id)
  if (name === issued) return answer
  const headers: HeaderList = answer.headers.map((header) =>
    header[0] === 'mcp-session-id' ? ['mcp-session-id', name] : header,
  )
  return { ...answer, headers }
}

async function open(request: FastifyRequest, reply: FastifyReply, parts: McpRouteParts) {
  await stream(request, reply, parts, (call, hangUp) => {
    parts.exchanges.refuseTooMany('listening')
    return parts.pipeline.listen(call, hangUp)
  })
}

async function end(request: FastifyRequest, reply: FastifyReply, parts: McpRouteParts) {
  await stream(request, reply, parts, async (call, hangUp) => {
    const answer = await parts.pipeline.end(call, hangUp)
    const gone = answer.type === 'whole' || answer.type === 'piped' ? answer.status < 300 : false
    if (gone && call.session !== undefined) parts.sessions.forget(call.session)
    return answer
  })
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: McpRouteParts,
  handle: (call: Call, hangUp: HangUp) => Promise<Answer>,
): Promise<void> {
  const response = take(reply)
  const hangUp = parts.exchanges.begin(response, 'listening')
  if (hangUp.happened) return
  const cors = parts.doorkeeper.corsHeaders(request.headers.origin)
  try {
    const call = streamCall(request.method, readCaller(request.raw, parts), parts)
    const answer = await handle(call, hangUp)
    await writeAnswer(response, named(answer, call, parts.sessions), cors, careFor(nobody, parts))
  } catch (thrown) {
    const error = asGatewayError(thrown)
    const written = writeRefusal(response, error, { id: 'null', kind: '' }, parts.telling, cors)
    parts.events.requestRefused(error, written.status)
  }
}

async function preflight(request: FastifyRequest, reply: FastifyReply, parts: McpRouteParts) {
  const cors = parts.doorkeeper.corsHeaders(request.headers.origin)
  const asked = request.headers['access-control-request-headers']
  const headers = cors.length === 0 ? [] : [...cors, ...preflightHeaders(asked)]
  await writeAnswer(take(reply), { type: 'whole', status: 204, headers, text: Buffer.alloc(0) }, [])
}
