import { fastify, type FastifyError } from 'fastify'
import { asGatewayError, GatewayError, type ErrorCode } from '../domain/errors.js'
import { doorOf, type Door } from './door.js'
import { writeRefusal } from './encode.js'
import { mcpRoutes, type McpRouteParts } from './mcp-routes.js'

export interface McpServerOptions {
  readonly maxBodyBytes: number
  /** Endpoints that serve the upstream. */
  readonly paths: readonly string[]
}

/** Time for a whole request to arrive, milliseconds; replies may take as long as they need. */
const requestTimeoutMs = 60_000
/** Longer than proxies and clients keep idle connections, so that they close them and not we. */
const keepAliveTimeoutMs = 75_000

/** The front door: a request within size, time, host and origin limits, or a refusal. */
export function createMcpServer(options: McpServerOptions, parts: McpRouteParts): Door {
  const app = fastify({
    bodyLimit: options.maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    logger: false,
  })

  app.addHook('onRequest', (request, _reply, done) => {
    const { host, origin } = request.headers
    parts.doorkeeper.check(host, origin)
    done()
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const refuse = (thrown: unknown, raw: Parameters<typeof writeRefusal>[0]): void => {
    const error = thrown instanceof GatewayError ? thrown : fromFastify(thrown)
    const written = writeRefusal(raw, error, { id: 'null', kind: '' }, parts.telling, [])
    parts.events.requestRefused(error, written.status)
  }
  app.setErrorHandler((thrown, _request, reply) => {
    reply.hijack()
    refuse(thrown, reply.raw)
  })
  app.setNotFoundHandler((request, reply) => {
    reply.hijack()
    const served = options.paths.includes(request.url.split('?', 1)[0] ?? '')
    refuse(
      served
        ? new GatewayError('method_not_allowed', `${request.method} is not served here`)
        : new GatewayError(
            'not_found',
            `Nothing is served here; MCP is at ${options.paths.join(', ')}`,
          ),
      reply.raw,
    )
  })

  for (const path of options.paths) mcpRoutes(app, path, parts)
  return doorOf(app)
}

const fastifyCodes: Readonly<Record<string, [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is larger than MAX_BODY_BYTES'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Content-Type must be application/json',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['parse_error', 'The body and Content-Length disagree'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['parse_error', 'The request has no body'],
}

function fromFastify(thrown: unknown): GatewayError {
  const known = fastifyCodes[(thrown as Partial<FastifyError>).code ?? '']
  if (known !== undefined) return new GatewayError(known[0], known[1], { cause: thrown })
  return asGatewayError(thrown)
}
