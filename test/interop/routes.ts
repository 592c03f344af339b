import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleOf } from '../support/governed.js'
import { spawnGateway, type GatewayProcess } from '../support/process.js'
import type { Server, Servers } from './servers.js'
import type { Target } from './story-client.js'
import type { Naming } from './telling.js'

/** A way from a client through the gateway to a server. */
export interface Route {
  readonly target: Target
  /** Where the server is one of several that are served as one. */
  readonly naming?: Naming
  /** Clients in one place hear of each other's changes in the modern era. */
  readonly place: string
}

export interface Routes {
  /** Starts the gateway that it needs, unless it runs already. */
  to(way: Way, server: Server): Promise<Route>
  /** What policy has judged so far: kinds and hooks, such as `tools/call pre`. */
  judged(): Promise<ReadonlySet<string>>
  close(): Promise<void>
}

export type Way = 'alone' | 'one of several' | 'several as one' | 'behind a host'

/** Gateways whose policy judges every message in both directions, and allows it. */
export function createRoutes({ all: servers, folder }: Servers): Routes {
  const gateways = new Map<string, Promise<GatewayProcess>>()

  const gatewayOf = (those: readonly Server[]): Promise<GatewayProcess> => {
    const name = those.map((server) => server.name).join('-')
    const running = gateways.get(name) ?? start(join(folder, `${name}.json`), those)
    gateways.set(name, running)
    return running
  }

  return {
    to: async (way, server) => {
      const { name } = server
      switch (way) {
        case 'alone':
          return { target: http((await gatewayOf([server])).mcpUrl), place: placeOf(server, way) }
        case 'one of several': {
          const { mcpUrl } = await gatewayOf(servers)
          const url = new URL(`/servers/${name}/mcp`, mcpUrl).href
          return { target: http(url), place: placeOf(server, 'several') }
        }
        case 'several as one': {
          const naming = {
            prefix: `${name}__`,
            uriPrefix: `portcullis:${name}/`,
            askedByOthers: servers.some((other) => other.name === 'files' && other !== server)
              ? 1
              : 0,
          }
          const { mcpUrl } = await gatewayOf(servers)
          return { target: http(mcpUrl), naming, place: placeOf(server, 'several') }
        }
        case 'behind a host':
          return { target: inFrontOf(server.target), place: placeOf(server, way) }
      }
    },
    judged: async () => {
      const logs = (await Promise.all(gateways.values())).flatMap((gateway) => gateway.decisionLog)
      const decisions = logs.filter(
        ({ type, enforced }) => type === 'decision' && enforced === true,
      )
      return new Set(decisions.map(({ kind, hook }) => `${String(kind)} ${String(hook)}`))
    },
    close: async () => {
      for (const gateway of gateways.values()) await (await gateway).stop()
    },
  }
}

/** A server over HTTP is one for all; of one on stdio, each gateway has its own. */
export function placeOf({ name, target }: Server, gateway: string): string {
  return target.type === 'http' ? name : `${name} (${gateway})`
}

async function start(path: string, servers: readonly Server[]): Promise<GatewayProcess> {
  const entries = servers.map(({ name, target }) => [name, entryOf(target)])
  await writeFile(path, JSON.stringify({ mcpServers: Object.fromEntries(entries) as unknown }))
  return spawnGateway([], { ...enforcing, UPSTREAMS_FILE: path })
}

const enforcing = { POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: bundleOf('scripted') }
const main = new URL('../../dist/main.js', import.meta.url).pathname

function entryOf(target: Target): object {
  if (target.type === 'http') return { url: target.url }
  const { command, args } = target
  return { command, args }
}

function http(url: string): Target {
  return { type: 'http', url }
}

/** The server as a host starts it, with the gateway between them. */
function inFrontOf(target: Target): Target {
  if (target.type === 'http') throw new Error('A host starts only what speaks stdio')
  const args = [main, 'stdio', '--', target.command, ...target.args]
  return { type: 'stdio', command: process.execPath, args, env: enforcing }
}
