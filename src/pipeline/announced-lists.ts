import { insertAt, opened, valueAt, verbatim, type JsonNode } from '../wire/json-tree.js'
import { listNames, type ListName } from './list-methods.js'

/** The lists of which a server says in its capabilities that it tells of changes. */
export function announcedLists(result: JsonNode): readonly ListName[] {
  return listNames.filter((list) => {
    const told = valueAt(result, ['capabilities', list, 'listChanged'])
    return told?.form === 'verbatim' && told.text === 'true'
  })
}

/** The same capabilities, and every list among them tells of changes. */
export function withAnnounced(result: JsonNode): JsonNode {
  let edited = result
  for (const list of listNames) {
    const place = ['capabilities', list]
    const capability = valueAt(edited, place)
    if (capability === undefined || opened(capability).form !== 'object') continue
    edited = insertAt(edited, [...place, 'listChanged'], verbatim('true')) ?? edited
  }
  return edited
}
