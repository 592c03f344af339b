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
      const { name, target } = server
      // What changes in a server over HTTP is heard on all ways to it; on stdio each gateway has a child of its own.
      const place = target.type === 'http' ? name : `${name}, ${way === 'behind a host' ? way : ''}`
      switch (way) {
        case 'alone':
          return { target: http((await gatewayOf([server])).mcpUrl), place: `alone ${name}` }
        case 'one of several': {
          const { mcpUrl } = await gatewayOf(servers)
          const url = new URL(`/servers/${name}/mcp`, mcpUrl).href
          return { target: http(url), place: `several ${name}` }
        }
        case 'several as one': {
          const naming = { prefix: `${name}__`, uriPrefix: `portcullis:${name}/` }
          const { mcpUrl } = await gatewayOf(servers)
          return { target: http(mcpUrl), naming, place: `several ${name}` }
        }
        case 'behind a host':
          return { target: inFrontOf(target), place: `host ${name}` }
      }
    },
    close: async () => {
      for (const gateway of gateways.values()) await (await gateway).stop()
    },
  }
}

async function start(path: string, servers: readonly Server[]): Promise<GatewayProcess> {
  const entries = servers.map(({ name, target: { type: _, ...entry } }) => [name, entry])
  await writeFile(path, JSON.stringify({ mcpServers: Object.fromEntries(entries) as unknown }))
  return spawnGateway([], { ...enforcing, UPSTREAMS_FILE: path })
}

const enforcing = { POLICY_MODE: 'enforce', POLICY_BUNDLE_PATH: bundleOf('scripted') }
const main = new URL('../../dist/main.js', import.meta.url).pathname

function http(url: string): Target {
  return { type: 'http', url }
}

/** The server as a host starts it, with the gateway between them. */
function inFrontOf(target: Target): Target {
  if (target.type === 'http') throw new Error('A host starts only what speaks stdio')
  const args = [main, 'stdio', '--', target.command, ...target.args]
  return { type: 'stdio', command: process.execPath, args, env: enforcing }
}
