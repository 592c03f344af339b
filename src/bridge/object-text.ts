import { isJsonObject, type JsonObject } from '../domain/json.js'
import { newMember, opened, textOf, verbatim, valueAt } from '../wire/json-tree.js'

/** Members to set, each as JSON text, or to remove. */
export type Changes = Readonly<Record<string, string | undefined>>

/** The text of the value at a path of keys; undefined where there is none. `json` was checked before. */
export function textAt(json: string | undefined, ...keys: readonly string[]): string | undefined {
  if (json === undefined) return undefined
  const node = valueAt(verbatim(json), keys)
  return node === undefined ? undefined : textOf(node, Infinity)
}

/** The object with these members changed and every other byte as it is; what is no object counts as an empty one. */
export function withMembers(json: string | undefined, changes: Changes): string {
  const node = opened(verbatim(json ?? '{}'))
  const members = node.form === 'object' ? node.members : []
  const kept = members.flatMap((member) => {
    if (!Object.hasOwn(changes, member.key)) return [member]
    const text = changes[member.key]
    return text === undefined ? [] : [{ ...member, value: verbatim(text) }]
  })
  const known = new Set(members.map(({ key }) => key))
  const added = Object.entries(changes).flatMap(([key, text]) =>
    text === undefined || known.has(key) ? [] : [newMember(key, verbatim(text))],
  )
  return textOf({ form: 'object', members: [...kept, ...added] }, Infinity)
}

/** The members of an object with the texts of their values; none of anything else. */
export function entriesOf(json: string | undefined): readonly (readonly [string, string])[] {
  const node = opened(verbatim(json ?? '{}'))
  if (node.form !== 'object') return []
  return node.members.map(({ key, value }) => [key, textOf(value, Infinity)])
}

/** The texts of an array's items; none of anything else. */
export function itemsOf(json: string | undefined): readonly string[] {
  const node = opened(verbatim(json ?? '[]'))
  return node.form === 'array' ? node.items.map(({ value }) => textOf(value, Infinity)) : []
}

/** The string that the text spells; undefined where it spells something else. */
export function stringOf(json: string | undefined): string | undefined {
  if (json?.startsWith('"') !== true) return undefined
  return JSON.parse(json) as string
}

/** The object that the text spells; an empty one where it spells something else. */
export function objectOf(json: string | undefined): JsonObject {
  if (json?.startsWith('{') !== true) return {}
  const value: unknown = JSON.parse(json)
  return isJsonObject(value) ? value : {}
}
