import type { Headers } from '../domain/call.js'

/** Hop-by-hop headers of RFC 9110, section 7.6.1: each hop says its own. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * What the gateway says itself, or what was meant for it alone: the caller's credentials stop here, and so do
 * `Origin` (it was checked here) and `Accept-Encoding` (policy reads plain text).
 */
const endingHere: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'origin',
  'referer',
  'accept-encoding',
  'authorization',
  'cookie',
  'x-api-key',
  'mcp-session-id',
  'x-forwarded-user',
  'x-forwarded-roles',
  'x-forwarded-teams',
  'x-forwarded-claims',
])

/** The request headers that go on, names in lower case. */
export function towardsUpstream(headers: Headers): Record<string, string> {
  const named = connectionOptions(headers['connection'])
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || hopByHop.has(name) || endingHere.has(name)) continue
    if (named?.has(name)) continue
    kept[name] = value
  }
  return kept
}

/** What an upstream says to a browser or about its own credentials is not said to the gateway's caller. */
function staysBehind(name: string): boolean {
  return (
    hopByHop.has(name) ||
    name === 'set-cookie' ||
    name === 'www-authenticate' ||
    name === 'alt-svc' ||
    name.startsWith('access-control-')
  )
}

/** The reply headers that go on, in the upstream's order. */
export function towardsClient(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  passthrough: boolean,
): (readonly [string, string])[] {
  const named = connectionOptions(headers['connection'])
  const kept: (readonly [string, string])[] = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || named?.has(name)) continue
    if (staysBehind(name) && !(passthrough && name === 'www-authenticate')) continue
    if (typeof value === 'string') kept.push([name, value])
    else for (const each of value) kept.push([name, each])
  }
  return kept
}

function connectionOptions(value: string | string[] | undefined): Set<string> | undefined {
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  const text = typeof value === 'string' ? value : value.join(',')
  return new Set(text.split(',').map((option) => option.trim().toLowerCase()))
}
