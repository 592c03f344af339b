import type { Call } from '../domain/call.js'
import { listMethod } from './list-methods.js'
import type { PipelineParts } from './parts.js'

/** Members of a result: keys and JSON. */
type Members = readonly (readonly [key: string, json: string])[]

/**
 * What a result that says only `text` needs for clients to take it: it has to be one of the method that was called.
 * None where the method has no place for a text.
 */
export function rehearsedMembers(
  { operation, server, era }: Call,
  text: string,
  { catalog }: Pick<PipelineParts, 'catalog'>,
): Members {
  const { kind } = operation
  const block = { type: 'text', text }
  // What was made for one caller, and stands for nothing, is kept by nobody.
  const hints: Members =
    era === 'modern'
      ? [
          ['ttlMs', '0'],
          ['cacheScope', '"private"'],
        ]
      : []
  switch (operation.type) {
    case 'tool': {
      // Clients throw away whatever does not fit the schema, except errors.
      const isError = catalog.tool(server, operation.name)?.hasOutputSchema === true
      return [
        ['content', JSON.stringify([block])],
        ...(isError ? [['isError', 'true'] as const] : []),
      ]
    }
    case 'prompt':
      return [['messages', JSON.stringify([{ role: 'user', content: block }])]]
    case 'resource': {
      if (kind !== 'resources/read') return []
      const contents = [{ uri: operation.uri, mimeType: 'text/plain', text }]
      return [['contents', JSON.stringify(contents)], ...hints]
    }
    case 'other': {
      if (kind === 'completion/complete') return [['completion', '{"values":[]}']]
      const list = listMethod(kind)
      return list === undefined ? [] : [[list.member, '[]'], ...hints]
    }
  }
}
