import type { Around } from './contradictions.js'
import type { Resolved } from './resolve.js'
import type { Server } from './server.js'

/** What is wrong with the upstreams as a whole: where they come from, and how the gateway proves itself to them. */
export function upstreamFaults(
  resolved: Resolved,
  { demo, servers }: Pick<Around, 'demo' | 'servers'>,
): string[] {
  const { isSet, origin } = resolved
  if (isSet('UPSTREAM_URL') && isSet('UPSTREAMS_FILE')) {
    return [
      `${origin('UPSTREAM_URL')} and ${origin('UPSTREAMS_FILE')} are both set: keep one of them; a single server can stand in the file too`,
    ]
  }
  if (isSet('UPSTREAMS_FILE')) return fileFaults(resolved, servers ?? [])
  if (isSet('UPSTREAM_URL') || demo) return tokenFaults(resolved)
  return [
    'There is no upstream: set UPSTREAM_URL to the MCP server behind the gateway, or UPSTREAMS_FILE to a file of several, or use --demo to try it out',
    ...tokenFaults(resolved),
  ]
}

function tokenFaults({ value, isSet, origin }: Resolved): string[] {
  const auth = value('UPSTREAM_AUTH')
  if (auth === 'static' && !isSet('UPSTREAM_TOKEN')) {
    return [
      `${origin('UPSTREAM_AUTH')} is static and there is no token: set UPSTREAM_TOKEN or UPSTREAM_TOKEN_FILE`,
    ]
  }
  if (auth !== 'static' && isSet('UPSTREAM_TOKEN')) {
    return [
      `${origin('UPSTREAM_TOKEN')} is set and would not be used: set UPSTREAM_AUTH=static, or remove it`,
    ]
  }
  return []
}

function fileFaults({ value, isSet, origin }: Resolved, servers: readonly Server[]): string[] {
  const faults = []
  const file = origin('UPSTREAMS_FILE')
  const auth = isSet('UPSTREAM_AUTH') ? value('UPSTREAM_AUTH') : undefined
  const withHeaders = servers.filter(({ headers }) => Object.keys(headers).length > 0)
  if (isSet('UPSTREAM_TOKEN')) {
    faults.push(
      `${origin('UPSTREAM_TOKEN')} is for UPSTREAM_URL: give each server of ${file} its own headers, such as {"Authorization": "Bearer \${TOKEN}"}`,
    )
  }
  if (auth === 'static' && withHeaders.length === 0 && servers.length > 0) {
    faults.push(
      `${origin('UPSTREAM_AUTH')} is static, and no server of ${file} has headers: give it some, or remove the setting`,
    )
  }
  if (auth === 'passthrough' && servers.length > 1) {
    faults.push(
      `${origin('UPSTREAM_AUTH')} is passthrough, and ${file} has ${servers.length} servers: a caller's token is meant for one of them; give each its own headers instead`,
    )
  }
  if (auth === 'none' || auth === 'passthrough') {
    faults.push(
      ...withHeaders.map(
        ({ name }) =>
          `${origin('UPSTREAM_AUTH')} is ${auth}, and server "${name}" of ${file} has headers: remove one of the two`,
      ),
    )
  }
  return faults
}
