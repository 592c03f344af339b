import { Pool, type Dispatcher } from 'undici'
import type { Call, Headers } from '../domain/call.js'
import { GatewayError } from '../domain/errors.js'
import type { HangUp } from '../domain/hang-up.js'
import type { StreamRequest, Upstream } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import type { Session } from '../domain/session.js'
import { writeMirrored } from '../wire/mirrored-headers.js'
import { towardsClient, towardsUpstream } from './headers.js'
import { formOf, isReadable } from './media.js'
import { createReplyBody, type BodyFeed } from '../domain/reply-body.js'

export interface HttpUpstreamOptions {
  readonly name: string
  readonly url: string
  readonly auth:
    | { readonly type: 'none' }
    /** Headers of every request, names in lower case. */
    | { readonly type: 'static'; readonly headers: Headers }
    | { readonly type: 'passthrough' }
  /** Longest silence before and within a reply to a POST, milliseconds. */
  readonly timeoutMs: number
}

const connectTimeoutMs = 5_000

/** A Streamable HTTP server behind the gateway. One upstream request a call, its bytes as they are. */
export function createHttpUpstream({ name, url, auth, timeoutMs }: HttpUpstreamOptions): Upstream {
  const { origin, pathname, search } = new URL(url)
  const path = pathname + search
  const own = auth.type === 'static' ? Object.entries(auth.headers) : []
  // Streams live for days and tools may think for minutes: silence is bounded per exchange, not here.
  const pool = new Pool(origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  })

  const headersFor = (headers: Headers, session: Session | undefined): Record<string, string> => {
    const kept = towardsUpstream(headers)
    if (session !== undefined) kept['mcp-session-id'] = session.upstreamId
    for (const [header, value] of own) kept[header] = value
    const presented = headers['authorization']
    if (auth.type === 'passthrough' && presented !== undefined) kept['authorization'] = presented
    return kept
  }

  const exchange = (
    request: Pick<Dispatcher.DispatchOptions, 'method' | 'headers'> & { body?: Buffer },
    silenceMs: number,
    hangUp: HangUp | undefined,
  ): Promise<Reply> =>
    dispatch(
      pool,
      { path, ...request, headersTimeout: silenceMs, bodyTimeout: silenceMs },
      hangUp,
      auth.type === 'passthrough',
    )

  const streamHeaders = ({ headers, session }: StreamRequest): Record<string, string> =>
    headersFor(headers, session)

  return {
    name,
    send: (call, hangUp) =>
      exchange(
        {
          method: 'POST',
          headers: withMirroredName(headersFor(call.headers, call.session), call),
          body: call.message.text,
        },
        timeoutMs,
        hangUp,
      ),
    listen: (stream, hangUp) =>
      exchange({ method: 'GET', headers: streamHeaders(stream) }, 0, hangUp),
    end: (stream, hangUp) =>
      exchange({ method: 'DELETE', headers: streamHeaders(stream) }, timeoutMs, hangUp),
    answer: async (stream, text) => {
      const headers = { ...streamHeaders(stream), 'content-type': 'application/json' }
      const reply = await exchange({ method: 'POST', headers, body: text }, timeoutMs, undefined)
      reply.body.cancel()
    },
    close: () => pool.destroy(),
  }
}

/** A patch may have changed what `Mcp-Name` mirrors; both must name the same target. */
function withMirroredName(headers: Record<string, string>, call: Call): Record<string, string> {
  if (headers['mcp-name'] === undefined || call.operation.type === 'other') return headers
  const target = call.operation.type === 'resource' ? call.operation.uri : call.operation.name
  headers['mcp-name'] = writeMirrored(target)
  return headers
}

function dispatch(
  pool: Pool,
  options: Dispatcher.DispatchOptions,
  hangUp: HangUp | undefined,
  passthrough: boolean,
): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    let feed: BodyFeed | undefined
    const settle = (): void => hangUp?.notify(undefined)
    if (hangUp?.happened === true) {
      reject(new GatewayError('upstream_unavailable', 'The caller hung up'))
      return
    }
    pool.dispatch(options, {
      onRequestStart: (controller) => {
        hangUp?.notify(() => controller.abort(new Error('The caller hung up')))
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return
        feed = createReplyBody({
          pause: () => controller.pause(),
          resume: () => controller.resume(),
          abort: () => controller.abort(new Error('The rest of the reply is not wanted')),
        })
        const refusal = refusedBy(status, headers, passthrough)
        if (refusal !== undefined) {
          reject(refusal)
          controller.abort(refusal)
          return
        }
        resolve({
          status,
          headers: towardsClient(headers, passthrough),
          form: formOf(headers['content-type']),
          isReadable: isReadable(headers['content-type'], headers['content-encoding']),
          body: feed.body,
        })
      },
      onResponseData: (_controller, chunk) => feed?.push(chunk),
      onResponseEnd: () => {
        settle()
        feed?.end()
      },
      onResponseError: (_controller, thrown) => {
        settle()
        const error = asUpstreamError(thrown)
        feed?.fail(error)
        reject(error)
      },
    })
  })
}

/** Answers of an upstream that mean the gateway, not its caller. */
function refusedBy(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  passthrough: boolean,
): GatewayError | undefined {
  if (status >= 300 && status < 400 && status !== 304) {
    return new GatewayError(
      'upstream_unavailable',
      'The upstream answered with a redirect: configure its final address',
    )
  }
  const challenged = status === 401 || (status === 403 && headers['www-authenticate'] !== undefined)
  if (challenged && !passthrough) {
    return new GatewayError(
      'upstream_unauthorized',
      "The upstream refused the gateway's own credentials",
    )
  }
  return undefined
}

const timeouts: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Faults of connecting: nothing of the call was sent. */
const unreached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function asUpstreamError(thrown: unknown): GatewayError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new GatewayError('overloaded', 'The gateway is out of file descriptors: call again', {
      cause: thrown,
      reached: 'nobody',
    })
  }
  return timeouts.has(code)
    ? new GatewayError('upstream_timeout', 'The upstream was silent for too long', {
        cause: thrown,
      })
    : new GatewayError('upstream_unavailable', 'The upstream cannot be reached', {
        cause: thrown,
        reached: unreached.has(code) ? 'nobody' : 'upstream',
      })
}
