import { GatewayError } from '../domain/errors.js'

/** Who may speak to the gateway at all: protection against DNS rebinding, before anything is read. */
export interface Doorkeeper {
  /** @throws GatewayError `forbidden_host` or `forbidden_origin` */
  check(host: string | undefined, origin: string | undefined): void
  /** CORS headers for a browser of an allowed origin; none for anyone else. */
  corsHeaders(origin: string | undefined): readonly (readonly [string, string])[]
}

export interface DoorkeeperOptions {
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

const loopbackOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

export function createDoorkeeper({ allowedHosts, allowedOrigins }: DoorkeeperOptions): Doorkeeper {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()))
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()))

  const admits = (origin: string): boolean => {
    if (origins.has('*')) return true
    const folded = origin.toLowerCase()
    return origins.size === 0 ? loopbackOrigin.test(folded) : origins.has(folded)
  }

  return {
    check: (host, origin) => {
      if (!hosts.has('*') && !hosts.has(hostName(host ?? ''))) {
        throw new GatewayError('forbidden_host', 'This Host is not served here (ALLOWED_HOSTS)')
      }
      if (origin !== undefined && !admits(origin)) {
        throw new GatewayError('forbidden_origin', 'This Origin is not allowed (ALLOWED_ORIGINS)')
      }
    },
    corsHeaders: (origin) =>
      origin === undefined || !admits(origin)
        ? []
        : [
            ['access-control-allow-origin', origin],
            ['access-control-expose-headers', 'Mcp-Session-Id, WWW-Authenticate, Retry-After'],
            ['vary', 'Origin'],
          ],
  }
}

/** `Host` without its port, in lower case; IPv6 addresses keep their brackets. */
function hostName(host: string): string {
  const folded = host.toLowerCase()
  const bracket = folded.indexOf(']')
  const colon = folded.indexOf(':', bracket + 1)
  return colon === -1 ? folded : folded.slice(0, colon)
}

/**
 * The answer to a browser's question before it calls (CORS preflight). Of the arguments that tools have mirrored in
 * headers, only the client knows the names.
 * @param asked the headers that it wants to send
 */
export function preflightHeaders(
  asked: string | undefined,
): readonly (readonly [string, string])[] {
  const params = (asked ?? '').split(',').map(trimmed).filter(isMirroredArgument)
  return [
    ['access-control-allow-methods', 'GET, POST, DELETE, OPTIONS'],
    ['access-control-allow-headers', [...alwaysAllowed, ...params.slice(0, mostParams)].join(', ')],
    ['access-control-max-age', '600'],
  ]
}

const alwaysAllowed = [
  'Content-Type',
  'Accept',
  'Authorization',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Last-Event-ID',
]

const mostParams = 64

function trimmed(name: string): string {
  return name.trim()
}

function isMirroredArgument(name: string): boolean {
  return /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/i.test(name)
}
