import { endOfValue, readKey, skipSpace } from '../../wire/json-tree-scan.js'
import { createJsonText, memberText, type JsonText } from './json-text.js'
import { spendReading } from './meter.js'

/** The members of the input document. Nothing behind a member is looked at before it is needed. */
export interface InputDocument {
  member(name: string): JsonText | undefined
  /** A member of a member that is an object. */
  memberOf(name: string, inner: string): JsonText | undefined
}

/** @param document a JSON object that was checked before */
export function createInputDocument(document: Buffer): InputDocument {
  const known = new Map<string, JsonText>()
  let text: string | undefined
  let next = 0

  function member(name: string): JsonText | undefined {
    return known.get(name) ?? find(name)
  }

  function find(name: string): JsonText | undefined {
    text ??= textOf(document)
    if (next === 0) next = skipSpace(text, 0) + 1
    while (text.charCodeAt(skipSpace(text, next)) === quote) {
      const { key, valueAt } = readKey(text, next)
      const found = createJsonText(text, valueAt, endOfValue(text, valueAt))
      spendReading(found.end - next)
      next = skipSpace(text, found.end) + 1
      known.set(key, found)
      if (key === name) return found
    }
    return undefined
  }

  return {
    member,
    memberOf(name, inner) {
      const outer = member(name)
      return outer && memberText(outer.value, inner)
    },
  }
}

const quote = 0x22

function textOf(document: Buffer): string {
  spendReading(document.length)
  return document.toString('utf8')
}
