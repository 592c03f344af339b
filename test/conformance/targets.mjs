import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'
import { startGateway } from './gateway.mjs'
import { startWithOwnNames } from './own-names.mjs'

const stdioServer = fileURLToPath(new URL('../support/everything/stdio.mjs', import.meta.url))

/**
 * The ways through the gateway that are compared with the server itself. One difference is a failure, unless it stands
 * in expected-differences.json with its reason.
 */
export const targets = [
  {
    name: 'http',
    about: 'one HTTP upstream, at /mcp',
    start: ({ main, url }) => startGateway({ main, env: { UPSTREAM_URL: url } }),
  },
  {
    name: 'stdio',
    about: 'one stdio upstream, at /servers/everything/mcp',
    start: ({ main }) =>
      startWithServers(main, { everything: stdioEntry }, '/servers/everything/mcp'),
  },
  {
    name: 'named',
    about: 'an HTTP upstream beside a stdio one, at /servers/everything/mcp',
    start: ({ main, url }) =>
      startWithServers(main, { everything: { url }, other: stdioEntry }, '/servers/everything/mcp'),
  },
  {
    name: 'aggregated',
    about: 'an HTTP and a stdio upstream as one server, at /mcp, under their own names again',
    start: async ({ main, url }) => {
      const servers = { everything: { url }, other: stdioEntry }
      const gateway = await startWithServers(main, servers, '/mcp')
      const proxy = await startWithOwnNames(gateway.url, 'everything')
      return {
        ...gateway,
        url: proxy.url,
        close: () => {
          proxy.close()
          return gateway.close()
        },
      }
    },
  },
]

const stdioEntry = { command: process.execPath, args: [stdioServer] }

async function startWithServers(main, mcpServers, path) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'))
  const file = join(folder, 'servers.json')
  writeFileSync(file, JSON.stringify({ mcpServers }))
  const remove = () => rmSync(folder, { recursive: true })
  try {
    const gateway = await startGateway({ main, env: { UPSTREAMS_FILE: file } })
    return {
      ...gateway,
      url: new URL(path, gateway.url).href,
      close: () => gateway.close().finally(remove),
    }
  } catch (error) {
    remove()
    throw error
  }
}
