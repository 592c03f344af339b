import { fastify, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import { asGatewayError, GatewayError, type ErrorCode } from '../domain/errors.js'
import { doorOf, type Door } from './door.js'
import { writeRefusal } from './encode.js'
import { mcpRoutes, type McpRoute, type McpRouteParts } from './mcp-routes.js'

export interface McpServerOptions {
  readonly maxBodyBytes: number
  readonly routes: readonly McpRoute[]
  /** How long an event stream of the gateway's own is silent at most, milliseconds; 15,000 where it is not said. */
  readonly silenceMs?: number
}

/** What all routes share. */
export type McpServerParts = Omit<McpRouteParts, keyof McpRoute | 'silenceMs'>

/** Time for a whole request to arrive, milliseconds; replies may take as long as they need. */
const requestTimeoutMs = 60_000
/** As the SDKs of the protocol keep it. */
const usualSilenceMs = 15_000
/** Longer than proxies and clients keep idle connections, so that they close them and not we. */
const keepAliveTimeoutMs = 75_000

/** The front door: a request within size, time, host and origin limits, or a refusal. */
export function createMcpServer(options: McpServerOptions, parts: McpServerParts): Door {
  const { doorkeeper, telling, events } = parts
  const paths = options.routes.flatMap((route) => route.paths)

  const refuse = (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack()
    if (isBrokenOff(thrown)) return
    const error = thrown instanceof GatewayError ? thrown : fromFastify(thrown)
    const cors = isForeign(error) ? [] : doorkeeper.corsHeaders(request.headers.origin)
    const written = writeRefusal(reply.raw, error, { id: 'null', kind: '' }, telling, cors)
    events.requestRefused(error, written.status)
  }

  /** The fault itself, unless whoever caused it may not be here at all. */
  const admitted = (fault: unknown, { headers }: FastifyRequest): unknown => {
    try {
      doorkeeper.check(headers.host, headers.origin)
      return fault
    } catch (thrown) {
      return thrown
    }
  }

  const app = fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logger: false,
    frameworkErrors: (fault, request, reply) => refuse(admitted(fault, request), request, reply),
  })
  app.setErrorHandler(refuse)

  let stopping = false
  app.addHook('preClose', (done) => {
    stopping = true
    done()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const { host, origin } = request.headers
    doorkeeper.check(host, origin)
    if (stopping) throw new GatewayError('stopping', 'The gateway is stopping: call again')
    // Before its body is read: nobody waits for it.
    if (request.is404) throw notServed(request, paths)
    done()
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const { silenceMs = usualSilenceMs } = options
  for (const route of options.routes) {
    mcpRoutes(app, route.paths, { ...parts, ...route, silenceMs })
  }
  return doorOf(app)
}

function notServed({ url, method }: FastifyRequest, paths: readonly string[]): GatewayError {
  return paths.includes(url.split('?', 1)[0] ?? '')
    ? new GatewayError('method_not_allowed', `${method} is not served here`)
    : new GatewayError('not_found', `Nothing is served here; MCP is at ${paths.join(', ')}`)
}

/** The client broke its upload off: nobody is left to be told, and nothing failed here. */
function isBrokenOff(thrown: unknown): boolean {
  return (thrown as Partial<FastifyError>).code === 'ECONNRESET'
}

/** A page that may not be here must not read why, either. */
function isForeign({ code }: GatewayError): boolean {
  return code === 'forbidden_host' || code === 'forbidden_origin'
}

const fastifyCodes: Readonly<Record<string, [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is larger than MAX_BODY_BYTES'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Content-Type must be application/json',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['parse_error', 'The body and Content-Length disagree'],
  FST_ERR_BAD_URL: ['invalid_request', 'The URL is malformed'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['parse_error', 'The request has no body'],
}

function fromFastify(thrown: unknown): GatewayError {
  const known = fastifyCodes[(thrown as Partial<FastifyError>).code ?? '']
  if (known !== undefined) return new GatewayError(known[0], known[1], { cause: thrown })
  return asGatewayError(thrown)
}
