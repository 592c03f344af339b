import { randomBytes } from 'node:crypto'
import { McpServer, createRequestStateCodec } from '@modelcontextprotocol/server'
import { addContentTools } from './content-tools.mjs'
import { addInputTools } from './input-tools.mjs'
import { addPrompts } from './prompts.mjs'
import { addReportTools } from './report-tools.mjs'
import { addResources } from './resources.mjs'
import { addRoundTools } from './round-tools.mjs'
import { addSchemaTools } from './schema-tools.mjs'
import { addWaitingTools, createGivenUp } from './waiting-tools.mjs'

/**
 * Gives a factory of MCP servers that do everything that a client can ask for, in the era that they are made
 * for. Everything whose name begins with `test_` is there because the official conformance runner calls it.
 * @param {{ bus?: import('@modelcontextprotocol/server').ServerEventBus }} options `bus` carries changes to
 *   the clients of the modern era where each request has a server of its own
 * @returns {import('@modelcontextprotocol/server').McpServerFactory}
 */
export function createEverything({ bus } = {}) {
  const states = createRequestStateCodec({ key: randomBytes(32) })
  const givenUp = createGivenUp()
  return ({ era }) => {
    const server = new McpServer(
      { name: 'everything', version: '1.0.0' },
      {
        capabilities: { logging: {}, resources: { subscribe: true, listChanged: true } },
        instructions: 'Call any tool: none of them does anything.',
        cacheHints,
        requestState: { verify: states.verify },
      },
    )
    const subscribed = new Set()
    const changes =
      era === 'modern' && bus !== undefined
        ? changesOnBus(bus)
        : changesOnConnection(server, (uri) => era === 'modern' || subscribed.has(uri))
    addContentTools(server)
    addSchemaTools(server)
    addReportTools(server, changes)
    addInputTools(server)
    addRoundTools(server, states)
    addWaitingTools(server, givenUp)
    addResources(server, subscribed)
    addPrompts(server)
    return server
  }
}

// Lists that anybody may keep: a gateway that cuts them for one caller has to say otherwise.
const publicMinute = { ttlMs: 60_000, cacheScope: 'public' }
const cacheHints = {
  'tools/list': publicMinute,
  'prompts/list': publicMinute,
  'resources/list': publicMinute,
  'resources/templates/list': publicMinute,
}

function changesOnBus(bus) {
  return {
    toolsChanged: () => bus.publish({ kind: 'tools_list_changed' }),
    promptsChanged: () => bus.publish({ kind: 'prompts_list_changed' }),
    resourceUpdated: (uri) => bus.publish({ kind: 'resource_updated', uri }),
  }
}

function changesOnConnection(server, isWatched) {
  return {
    toolsChanged: () => server.sendToolListChanged(),
    promptsChanged: () => server.sendPromptListChanged(),
    resourceUpdated: async (uri) => {
      if (isWatched(uri)) await server.server.sendResourceUpdated({ uri })
    },
  }
}
