import type { ConfiguredTool } from '../catalog/configured-tools.js'
import { isContent, type Content } from './content.js'
import { readDocument } from './document.js'
import type { ReadFile } from './given.js'
import { suggestion } from '../domain/nearest.js'

export interface Tools {
  /** In the order of the file. */
  readonly tools: readonly ConfiguredTool[]
  readonly faults: readonly string[]
}

/** Reads what `TOOLS_FILE`, YAML or JSON, says of tools: every fault at once. */
export function readTools(path: string, readFile: ReadFile): Tools {
  const file = `The file of tools ${path}`
  const read = readDocument(file, path, readFile)
  if ('faults' in read) return { tools: [], faults: read.faults }
  const { tools, ...others } = read.content ?? {}
  const surplus = Object.keys(others).map(
    (key) => `${file} has ${key}, which is not read here: remove it${suggestion(key, ['tools'])}`,
  )
  if (!Array.isArray(tools) || tools.length === 0) {
    return { tools: [], faults: [...surplus, `${file} has no tools: ${example}`] }
  }
  const each = tools.map((given: unknown, index) => readEntry(`${file}, tools.${index}`, given))
  return {
    tools: each.flatMap(({ entry }) => entry ?? []),
    faults: [...surplus, ...each.flatMap(({ faults }) => faults)],
  }
}

const example = 'give {"tools": [{"tool": "delete_*", "action_class": "destructive"}]}'

interface ReadEntry {
  readonly entry: ConfiguredTool | undefined
  readonly faults: readonly string[]
}

function readEntry(place: string, given: unknown): ReadEntry {
  if (!isContent(given)) return broken([`${place}: give a mapping with "tool"`])
  const faults = [...memberFaults(given), ...absenceFaults(given)].map(
    (fault) => `${place}: ${fault}`,
  )
  return faults.length > 0 ? broken(faults) : { entry: entryOf(given), faults }
}

function broken(faults: readonly string[]): ReadEntry {
  return { entry: undefined, faults }
}

/** A member that an entry may have, and what it may hold. */
interface Member {
  /** Worded to follow "give". */
  readonly allowed: string
  readonly isAllowed: (value: unknown) => boolean
}

const glob: Member = { allowed: 'a name or a glob such as "delete_*"', isAllowed: isText }

const classes = ['read', 'write', 'execute', 'destructive', 'unknown'] as const

const members: Readonly<Record<string, Member>> = {
  server: glob,
  tool: glob,
  action_class: {
    allowed: `one of ${classes.join(', ')}`,
    isAllowed: (value) => classes.some((name) => name === value),
  },
  dry_run_argument: { allowed: 'the name of an argument', isAllowed: isText },
}

function memberFaults(given: Content): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const member = Object.hasOwn(members, key) ? members[key] : undefined
    if (member === undefined) {
      const meant = suggestion(key, Object.keys(members))
      return [`there is no member ${JSON.stringify(key)}; remove it${meant}`]
    }
    return member.isAllowed(value) ? [] : [`${key} cannot be used: give ${member.allowed}`]
  })
}

function absenceFaults({ tool, action_class: actionClass, dry_run_argument: argument }: Content) {
  return [
    ...(tool === undefined ? ['tool is missing: give a name, a glob, or "*" for every tool'] : []),
    ...(actionClass === undefined && argument === undefined
      ? ['it says nothing of the tool: give action_class, dry_run_argument or both']
      : []),
  ]
}

/** @param given was checked */
function entryOf(given: Content): ConfiguredTool {
  const text = (key: string): string | undefined => {
    const value = given[key]
    return typeof value === 'string' ? value : undefined
  }
  return {
    server: text('server') ?? '*',
    tool: text('tool') ?? '*',
    actionClass: classes.find((name) => name === given['action_class']),
    dryRunArgument: text('dry_run_argument'),
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
