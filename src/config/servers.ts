import { isContent } from './content.js'
import { readDocument } from './document.js'
import type { Environment } from './environment.js'
import type { ReadFile } from './given.js'
import { suggestion } from '../domain/nearest.js'
import { readServer, type Server } from './server.js'
import { isServerName } from './server-members.js'

export interface Servers {
  /** Those that are not disabled, in the order of the file. */
  readonly servers: readonly Server[]
  readonly faults: readonly string[]
}

/** Reads the servers of `UPSTREAMS_FILE`: every fault at once, none of which shows a secret. */
export function readServers(path: string, env: Environment, readFile: ReadFile): Servers {
  const name = `The file of upstreams ${path}`
  const read = readDocument(name, path, readFile)
  if ('faults' in read) return { servers: [], faults: read.faults }
  const { mcpServers, ...others } = read.content ?? {}
  const surplus = Object.keys(others).map(
    (key) =>
      `${name} has ${key}, which is not read here: remove it${suggestion(key, ['mcpServers'])}`,
  )
  if (!isContent(mcpServers) || Object.keys(mcpServers).length === 0) {
    return { servers: [], faults: [...surplus, `${name} has no servers: ${example}`] }
  }
  return withOthers(surplus, readEach(name, mcpServers, env))
}

const example = 'give {"mcpServers": {"NAME": {"url": "http://…/mcp"}}}'

function withOthers(others: readonly string[], { servers, faults }: Servers): Servers {
  return { servers, faults: [...others, ...faults] }
}

function readEach(
  file: string,
  mcpServers: Readonly<Record<string, unknown>>,
  env: Environment,
): Servers {
  const servers: Server[] = []
  const faults = nameFaults(file, Object.keys(mcpServers))
  for (const [name, given] of Object.entries(mcpServers)) {
    const read = readServer(name, given, env)
    faults.push(...read.faults.map((fault) => `${file}, server ${JSON.stringify(name)}: ${fault}`))
    if (read.server !== undefined) servers.push(read.server)
  }
  if (servers.length === 0 && faults.length === 0) {
    faults.push(`${file} has only disabled servers: enable one of them`)
  }
  return { servers, faults }
}

function nameFaults(file: string, names: readonly string[]): string[] {
  const folded = names.map((name) => name.toLowerCase())
  return names.flatMap((name, index) => {
    const place = `${file}, server ${JSON.stringify(name)}`
    const earlier = names[folded.indexOf(name.toLowerCase())]
    if (!isServerName(name)) {
      return [
        `${place}: this cannot be the name of a server: use letters, digits, ".", "-" and single "_", a letter or digit first, no "_" last, at most 64`,
      ]
    }
    if (earlier === undefined || folded.indexOf(name.toLowerCase()) === index) return []
    return [`${place}: ${JSON.stringify(earlier)} differs only in case: give one another name`]
  })
}
