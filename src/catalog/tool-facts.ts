import type { ClassifyTool } from '../domain/action-class.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import type { ToolFacts, ToolFactsOf } from '../domain/policy-input.js'
import type { Catalog } from '../domain/ports.js'

export interface ToolFactsParts {
  readonly catalog: Pick<Catalog, 'tool'>
  /** Servers whose own word about their tools counts. */
  readonly trusted: ReadonlySet<string>
  readonly classify: ClassifyTool
}

/** What policy is told of tools; what has been worked out is kept for as long as the server says the same of the tool. */
export function createToolFacts({ catalog, trusted, classify }: ToolFactsParts): ToolFactsOf {
  const servers = new Map<string, Map<string, Known>>()
  let count = 0

  const keptOf = (server: string): Map<string, Known> => {
    const kept = servers.get(server) ?? new Map<string, Known>()
    servers.set(server, kept)
    return kept
  }

  const keep = (server: string, tool: string, known: Known): ToolFacts => {
    // Callers name tools as they like: what is worked out again is the same.
    if (count >= mostKept) {
      servers.clear()
      count = 0
    }
    keptOf(server).set(tool, known)
    count += 1
    return known
  }

  return (server, tool) => {
    const said = trusted.has(server) ? catalog.tool(server, tool)?.annotations : undefined
    const known = servers.get(server)?.get(tool)
    if (known !== undefined && known.said === said) return known
    const actionClass = classify(server, tool, said === undefined ? undefined : objectIn(said))
    return keep(server, tool, { said, annotations: said ?? '{}', actionClass })
  }
}

interface Known extends ToolFacts {
  /** The annotations that the class was made of. */
  readonly said: string | undefined
}

const mostKept = 10_000

/** @param annotations the text of an object, which was checked before */
function objectIn(annotations: string): JsonObject | undefined {
  const value = JSON.parse(annotations) as JsonValue
  return isJsonObject(value) ? value : undefined
}
