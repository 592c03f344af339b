import { randomUUID } from 'node:crypto'
import {
  createBridge,
  defaultLimits,
  type BridgeLimits,
  type BridgeOptions,
} from './bridge/bridge.js'
import { keepEras, probeEras } from './bridge/eras.js'
import type { Config, UpstreamConfig } from './config/config.js'
import type { ProbedUpstream, Sessions, Upstream } from './domain/ports.js'
import { sealFor, type CleanUps, type Governance } from './governance.js'
import type { McpRoute } from './http/mcp-routes.js'
import { createAggregate } from './routing/aggregate.js'
import { createOpaqueSeal } from './sessions/opaque-seal.js'
import { createSessions } from './sessions/sessions.js'
import { createHttpUpstream } from './upstreams/http-upstream.js'
import { createStdioUpstream } from './upstreams/stdio-upstream.js'

/** What is served at which paths. */
export interface Endpoints {
  readonly routes: readonly McpRoute[]
  /** What stands behind `/mcp`, for the operator. */
  readonly behind: string
}

/**
 * Opens the upstreams and puts a line through policy before each: alone at `/servers/NAME/mcp`, and at `/mcp` the only
 * one or all as one.
 */
export async function openEndpoints(
  config: Config,
  governance: Governance,
  cleanUps: CleanUps,
): Promise<Endpoints> {
  const servers: Server[] = []
  // Side by side: each may have processes that take seconds to end.
  cleanUps.push(async () => {
    await Promise.all(servers.map((server) => server.close()))
  })
  for (const upstream of config.upstreams) {
    servers.push(await openServer(upstream, config, governance))
  }
  const routes = servers.map((server) => routeTo(server, config, governance))
  const [only, ...others] = routes
  if (only !== undefined && others.length === 0) {
    const paths = ['/mcp', ...only.paths]
    return { routes: [{ ...only, paths }], behind: servers[0]?.address ?? '' }
  }
  const all = routeToAll(servers, config, governance)
  return { routes: [all, ...routes], behind: servers.map(({ name }) => name).join(', ') }
}

interface Server {
  readonly name: string
  readonly upstream: Upstream
  /** The same for clients of both eras. */
  readonly bridged: () => ProbedUpstream
  /** MCP ends at it: it is no server over HTTP to which requests could be passed through. */
  readonly isStdio: boolean
  readonly address: string
  close(): Promise<void>
}

async function openServer(
  { name, auth, timeoutMs, maxMessageBytes, era, target }: UpstreamConfig,
  { replica }: Config,
  governance: Governance,
): Promise<Server> {
  const { catalog, events, version } = governance
  const opened = (upstream: Upstream, terms: BridgeTerms, shown: Shown): Server => {
    const bridges: ProbedUpstream[] = []
    const bridged = (): ProbedUpstream => {
      const limits = { ...terms.limits, maxMessageBytes }
      const bridge = createBridge({ ...terms, upstream, newId: randomUUID, limits, catalog })
      bridges.push(bridge)
      return bridge
    }
    const close = async (): Promise<void> => {
      await Promise.all(bridges.map((bridge) => bridge.close()))
      await upstream.close()
      await shown.close?.()
    }
    return { name, upstream, bridged, isStdio: target.type === 'stdio', ...shown, close }
  }
  if (target.type === 'stdio') {
    const started = { ...target, name, timeoutMs, maxMessageBytes, events, replica, era, version }
    const upstream = createStdioUpstream(started)
    const terms = { eras: () => upstream.eras(), limits: stdioLimits }
    return opened(upstream, terms, { address: target.command })
  }
  const shown = target.type === 'url' ? { address: target.url } : await startDemo()
  const upstream = createHttpUpstream({ name, url: shown.address, auth, timeoutMs })
  // While a call is parked its server is silent, and that has an end.
  const limits = { ...defaultLimits, parkedMs: Math.min(defaultLimits.parkedMs, timeoutMs) }
  const eras = keepEras(() => probeEras(upstream, randomUUID))
  return opened(upstream, { eras, limits }, shown)
}

type BridgeTerms = Pick<BridgeOptions, 'eras' | 'limits'>

/** Where a server is, and what closes it where it is one of ours. */
interface Shown {
  readonly address: string
  readonly close?: () => Promise<void>
}

/** A session with a server on stdio is a process. */
const stdioLimits: BridgeLimits = { ...defaultLimits, sessions: 100, sessionsPerClient: 2 }

async function startDemo(): Promise<Shown> {
  // Only who asks for the demo waits for the SDK to load.
  const { startDemoServer } = await import('./demo/server.js')
  const demo = await startDemoServer()
  return { address: demo.url, close: () => demo.close() }
}

/** One upstream: an HTTP server as it is, whichever era it speaks; a stdio server as a server of both. */
function routeTo(server: Server, config: Config, governance: Governance): McpRoute {
  const { name, upstream, bridged, isStdio } = server
  return {
    paths: [`/servers/${name}/mcp`],
    pipeline: governance.pipeline(isStdio ? bridged() : upstream),
    sessions: createSessions(sealFor(config, `session of ${name}`)),
    server: name,
    terminated: isStdio,
  }
}

/** The id of a session with several servers holds one id of each. */
const longestSessionId = 8 * 1024

function routeToAll(servers: readonly Server[], config: Config, governance: Governance): McpRoute {
  const { version, telling, events } = governance
  const sessions: Sessions = createSessions(createOpaqueSeal(config.session.keys), {
    maxLength: longestSessionId,
  })
  const pipeline = createAggregate({
    servers: servers.map(({ name, bridged }) => ({
      name,
      pipeline: governance.pipeline(bridged()),
    })),
    version,
    maxMessageBytes: config.upstreams[0].maxMessageBytes,
    telling,
    events,
    newId: randomUUID,
    now: Date.now,
  })
  return { paths: ['/mcp'], pipeline, sessions, server: '', terminated: true }
}
