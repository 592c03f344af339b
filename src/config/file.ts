import { isContent, type Content } from './content.js'
import { readDocument } from './document.js'
import { bothForms, readSecret, secretNames } from './given.js'
import { suggestion } from '../domain/nearest.js'
import { pendingByKey, pendingFault, pendingSettings } from './pending.js'
import { isSettingName, settingNames, settingOf } from './settings.js'
import type { Given, ReadFile, Source } from './given.js'
import type { SettingName } from './settings.js'

/** Reads the config file, YAML or JSON (which is YAML too). Nothing of its text is repeated: it may hold secrets. */
export function fromFile(path: string, readFile: ReadFile): Source {
  const read = readDocument(`The config file ${path}`, path, readFile)
  if ('faults' in read) return { given: new Map(), faults: read.faults }
  if (read.content === undefined) {
    const fault = `The config file ${path} has to hold a mapping, such as "mcp: {port: 8080}"`
    return { given: new Map(), faults: [fault] }
  }
  const { leaves, faults } = flatten(read.content, '', path)
  const given = new Map<SettingName, Given>()
  for (const [key, value] of leaves) {
    const name = nameByKey.get(key)
    if (name === undefined) faults.push(...faultsOfOther(key, value, path))
    else given.set(name, { type: 'value', value, origin: `${key} in ${path}` })
  }
  for (const name of secretNames)
    faults.push(...takeSecretFile(name, leaves, given, path, readFile))
  return { given, faults }
}

const nameByKey = new Map<string, SettingName>(
  settingNames.map((name) => [settingOf(name).key, name]),
)
const knownKeys = [
  ...nameByKey.keys(),
  ...secretNames.map((name) => `${settingOf(name).key}File`),
  ...Object.values(pendingSettings).map(({ key }) => key),
]
const sections = new Set(
  knownKeys.flatMap((key) => {
    const steps = key.split('.')
    return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join('.'))
  }),
)

function flatten(
  node: Content,
  prefix: string,
  path: string,
): { leaves: Map<string, unknown>; faults: string[] } {
  const leaves = new Map<string, unknown>()
  const faults: string[] = []
  for (const [name, value] of Object.entries(node)) {
    const key = prefix + name
    if (!sections.has(key)) leaves.set(key, value)
    else if (isContent(value)) {
      const inner = flatten(value, `${key}.`, path)
      for (const [innerKey, innerValue] of inner.leaves) leaves.set(innerKey, innerValue)
      faults.push(...inner.faults)
    } else if (value !== null) {
      faults.push(`${key} in ${path}: give a section, such as "${name}:" with its keys below`)
    }
  }
  return { leaves, faults }
}

function faultsOfOther(key: string, value: unknown, path: string): string[] {
  if (secretNames.some((name) => key === `${settingOf(name).key}File`)) return []
  const pending = pendingByKey(key)
  if (pending !== undefined) {
    return value === pending.harmless ? [] : [pendingFault(`${key} in ${path}`)]
  }
  const meant = isSettingName(key)
    ? `; in the file it is ${settingOf(key).key}`
    : suggestion(key, knownKeys)
  return [`${key} in ${path}: there is no such setting${meant}`]
}

function takeSecretFile(
  name: SettingName,
  leaves: ReadonlyMap<string, unknown>,
  given: Map<SettingName, Given>,
  path: string,
  readFile: ReadFile,
): readonly string[] {
  const key = `${settingOf(name).key}File`
  if (!leaves.has(key)) return []
  const origin = `${key} in ${path}`
  if (given.has(name)) return [bothForms(`${settingOf(name).key} in ${path}`, origin)]
  const read = readSecret(origin, leaves.get(key), readFile)
  given.set(name, read.given)
  return read.faults
}
