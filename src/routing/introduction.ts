import { isJsonObject, type JsonObject } from '../domain/json.js'
import { outcomeMember, type HeardResult } from './hear.js'
import { qualified } from './names.js'
import { unitedObjects } from './united.js'

/** What several servers say of themselves, as one server says it. */
export interface Introduction {
  readonly capabilities: JsonObject
  /** Undefined where none has any. */
  readonly instructions: string | undefined
  /** Members of `_meta` that the results carried. */
  readonly meta: JsonObject
}

/** @param changes whether lists may change though no server says so: one that is away may come */
export function introduction(heard: readonly HeardResult[], changes: boolean): Introduction {
  const capabilities = unitedMember(heard, 'capabilities')
  const sections = heard.flatMap(({ server, message }) => {
    const instructions = outcomeMember(message, 'instructions')
    const isThere = typeof instructions === 'string' && instructions !== ''
    return isThere ? [section(server, instructions)] : []
  })
  return {
    capabilities: changes ? withChanges(capabilities) : capabilities,
    instructions: sections.length === 0 ? undefined : sections.join('\n\n'),
    meta: unitedMember(heard, '_meta'),
  }
}

/** What an object of this name in several results says together. */
export function unitedMember(heard: readonly HeardResult[], member: string): JsonObject {
  return heard
    .map(({ message }) => outcomeMember(message, member))
    .reduce<JsonObject>((sum, value) => (isJsonObject(value) ? unitedObjects(sum, value) : sum), {})
}

/** What the instructions call by its own name has another one here. */
function section(server: string, instructions: string): string {
  return `# ${server}\n\nNames of this server begin with \`${qualified(server, '')}\`.\n\n${instructions}`
}

export const listKinds = ['tools', 'prompts', 'resources'] as const

function withChanges(capabilities: JsonObject): JsonObject {
  const changing = listKinds.flatMap((kind) => {
    const capability = capabilities[kind]
    return isJsonObject(capability) ? [[kind, { ...capability, listChanged: true }] as const] : []
  })
  return { ...capabilities, ...Object.fromEntries(changing) }
}

/** The lists of whose changes the client will hear. */
export function announcedBy(capabilities: JsonObject): readonly string[] {
  return listKinds.filter((kind) => {
    const capability = capabilities[kind]
    return isJsonObject(capability) && capability['listChanged'] === true
  })
}

export const ownName = 'portcullis'
