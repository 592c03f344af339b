import type { Headers } from '../domain/call.js'
import { identifiesCaller } from '../domain/header-names.js'

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
 * What the gateway says itself, or what was meant for it alone: `Origin` was checked here, and of
 * `Accept-Encoding` policy wants none, since it reads plain text.
 */
const endingHere: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'origin',
  'referer',
  'accept-encoding',
])

/** What nearly every request carries and what names nobody: these need no closer look. */
const plain: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'sec-fetch-mode',
  'traceparent',
  'user-agent',
])

/** The caller's credentials stop here; an `Mcp-Param-*` header is an argument of the call, whatever it is named. */
function goesOn(name: string): boolean {
  if (plain.has(name)) return true
  if (hopByHop.has(name) || endingHere.has(name)) return false
  return name.startsWith('mcp-param-') || !identifiesCaller(name)
}

/** The request headers that go on, names in lower case. */
export function towardsUpstream(headers: Headers): Record<string, string> {
  const named = connectionOptions(headers['connection'])
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || !goesOn(name) || named?.has(name) === true) continue
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
