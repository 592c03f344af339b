import type { Launched } from './assemble.js'
import type { UpstreamAuth, UpstreamConfig } from './config.js'
import type { Environment } from './environment.js'
import { secretNames } from './given.js'
import type { Resolved } from './resolve.js'
import type { Server } from './server.js'

type Upstreams = readonly [UpstreamConfig, ...UpstreamConfig[]]

/** The upstreams in their order; where nothing is configured it is the built-in demo. */
export function upstreamsOf(resolved: Resolved, servers: readonly Server[] | undefined): Upstreams {
  const { value } = resolved
  const shared = { ...limits(resolved), trusted: false, era: undefined }
  const [first, ...rest] = servers ?? []
  if (first !== undefined) {
    return [fromServer(first, resolved), ...rest.map((server) => fromServer(server, resolved))]
  }
  const url = value('UPSTREAM_URL')
  const auth = authOf(resolved)
  return url === undefined
    ? [{ name: 'demo', target: { type: 'demo' }, auth, ...shared }]
    : [{ name: 'default', target: { type: 'url', url }, auth, ...shared }]
}

/**
 * The program that `portcullis stdio` launches. It gets the environment that the host gave, since that was meant for
 * it, without the gateway's own secrets.
 */
export function commandUpstream(
  resolved: Resolved,
  { name, command: [command, ...args] }: Launched,
  environment: Environment,
): UpstreamConfig {
  const passed = Object.entries(environment).filter(([key]) => !ownSecrets.has(key))
  const env = Object.fromEntries(passed) as Record<string, string>
  return {
    name,
    target: { type: 'stdio', command, args, env, cwd: undefined },
    auth: { type: 'none' },
    ...limits(resolved),
    trusted: false,
    era: undefined,
  }
}

const ownSecrets: ReadonlySet<string> = new Set(
  secretNames.flatMap((name) => [name, `${name}_FILE`]),
)

function limits({ value }: Resolved) {
  return { timeoutMs: value('UPSTREAM_TIMEOUT_MS'), maxMessageBytes: value('MAX_MESSAGE_BYTES') }
}

function fromServer(server: Server, resolved: Resolved): UpstreamConfig {
  const { name, target, headers, trusted, era, timeoutMs } = server
  const { maxMessageBytes, timeoutMs: usual } = limits(resolved)
  const isStatic = Object.keys(headers).length > 0
  const auth: UpstreamAuth = isStatic
    ? { type: 'static', headers }
    : { type: target.type === 'url' && passesThrough(resolved) ? 'passthrough' : 'none' }
  return { name, target, auth, timeoutMs: timeoutMs ?? usual, maxMessageBytes, trusted, era }
}

function passesThrough({ value }: Resolved): boolean {
  return value('UPSTREAM_AUTH') === 'passthrough'
}

function authOf({ value }: Resolved): UpstreamAuth {
  const type = value('UPSTREAM_AUTH')
  if (type !== 'static') return { type }
  return { type, headers: { authorization: `Bearer ${value('UPSTREAM_TOKEN') ?? ''}` } }
}
