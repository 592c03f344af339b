import type { Catalog, KnownTool } from '../domain/ports.js'
import { readTool, type ReadTool } from './tool.js'

export interface CatalogLimits {
  readonly servers: number
  /** Of one server. */
  readonly tools: number
  /** About what may be kept of one server. */
  readonly bytes: number
}

const plenty: CatalogLimits = { servers: 1_000, tools: 10_000, bytes: 8 * 1024 * 1024 }

/** Keeps what upstreams offer: of the servers, and of the tools of each, those that were listed last. */
export function createCatalog(limits: CatalogLimits = plenty): Catalog {
  const servers = new Map<string, Shelf>()
  const asked = createRecentlyAsked()

  const shelfOf = (server: string): Shelf => {
    const shelf = servers.get(server) ?? { tools: new Map<string, ReadTool>(), bytes: 0 }
    servers.delete(server)
    servers.set(server, shelf)
    const oldest = servers.size > limits.servers ? servers.keys().next() : undefined
    if (oldest?.done === false) servers.delete(oldest.value)
    return shelf
  }

  return {
    learn: (server, items) => {
      const shelf = shelfOf(server)
      for (const item of items) {
        const tool = readTool(item)
        if (tool !== undefined) put(shelf, tool)
      }
      for (const tool of shelf.tools.values()) {
        if (shelf.tools.size <= limits.tools && shelf.bytes <= limits.bytes) break
        take(shelf, tool.name)
      }
    },
    tool: (server, name): KnownTool | undefined => servers.get(server)?.tools.get(name),
    mayAsk: asked,
  }
}

/** What is known of one server. */
interface Shelf {
  /** By name, those that were listed last at the end. */
  readonly tools: Map<string, ReadTool>
  bytes: number
}

function put(shelf: Shelf, tool: ReadTool): void {
  take(shelf, tool.name)
  shelf.tools.set(tool.name, tool)
  shelf.bytes += tool.bytes
}

function take(shelf: Shelf, name: string): void {
  shelf.bytes -= shelf.tools.get(name)?.bytes ?? 0
  shelf.tools.delete(name)
}

/** A caller that names tools which nobody has could otherwise have the server asked with every call. */
const askAgainMs = 60_000
const remembered = 10_000

function createRecentlyAsked(): Catalog['mayAsk'] {
  const times = new Map<string, number>()
  return (server, principalId, time) => {
    const key = JSON.stringify([server, principalId])
    if (time - (times.get(key) ?? -Infinity) < askAgainMs) return false
    times.delete(key)
    times.set(key, time)
    const oldest = times.size > remembered ? times.keys().next() : undefined
    if (oldest?.done === false) times.delete(oldest.value)
    return true
  }
}
