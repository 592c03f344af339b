import type { ActionClass, ClassifyTool } from '../domain/action-class.js'
import { createGlob } from '../domain/glob.js'
import type { JsonObject } from '../domain/json.js'

/** What configuration says of the tools that an entry fits. */
export interface ConfiguredTool {
  /** Globs. */
  readonly server: string
  readonly tool: string
  readonly actionClass: ActionClass | undefined
  /** The argument that has the tool say what it would do, and do nothing, where it is `true`. */
  readonly dryRunArgument: string | undefined
}

/**
 * What tools do: as configuration says, else as servers that it trusts say in their annotations, else nobody knows. The
 * first entry counts that fits and says it.
 */
export function createClassifier(
  tools: readonly ConfiguredTool[],
  trusted: ReadonlySet<string>,
): ClassifyTool {
  const configured = lookup(tools, ({ actionClass }) => actionClass)
  return (server, tool, annotations) =>
    configured(server, tool) ??
    (annotations === undefined || !trusted.has(server) ? 'unknown' : classIn(annotations))
}

/** The argument that makes a call of the tool a dry run; undefined where configuration names none. */
export type DryRunArgumentOf = (server: string, tool: string) => string | undefined

export function createDryRunArguments(tools: readonly ConfiguredTool[]): DryRunArgumentOf {
  return lookup(tools, ({ dryRunArgument }) => dryRunArgument)
}

function lookup<T>(
  tools: readonly ConfiguredTool[],
  said: (entry: ConfiguredTool) => T | undefined,
): (server: string, tool: string) => T | undefined {
  const entries = tools.flatMap((entry) => {
    const value = said(entry)
    const fits = { server: createGlob(entry.server), tool: createGlob(entry.tool) }
    return value === undefined ? [] : [{ ...fits, value }]
  })
  return (server, tool) => entries.find((entry) => entry.tool(tool) && entry.server(server))?.value
}

/** As the hints are defined: `destructiveHint` counts where a tool is not read-only, and is true unless it is denied. */
function classIn({ readOnlyHint, destructiveHint }: JsonObject): ActionClass {
  if (readOnlyHint === true) return 'read'
  if (destructiveHint === true) return 'destructive'
  if (readOnlyHint !== false) return 'unknown'
  return destructiveHint === false ? 'write' : 'destructive'
}
