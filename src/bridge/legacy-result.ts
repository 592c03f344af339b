import type { ResponseMessage } from '../domain/message.js'
import { serverInfoKey, tasksExtension } from '../wire/eras.js'
import { errorText, codes, outcomeText, resultText } from './messages.js'
import { objectOf, stringOf, textAt, withMembers } from './object-text.js'

/** A modern server's response as a legacy client reads it: what only the modern era says is gone. @param id of the request that it answers */
export function legacyResponse(message: ResponseMessage, id: string): Buffer {
  const { members, text } = message
  if (message.outcome.type === 'error') {
    // Clients drop an error that names no request, and wait.
    return message.id === 'null' ? Buffer.from(withMembers(text.toString(), { id })) : text
  }
  const type = members.has('resultType')
    ? stringOf(textAt(outcomeText(message), 'resultType'))
    : 'complete'
  if (type !== 'complete') {
    return errorText(id, {
      code: codes.internal,
      message: `The server answered with a result of type ${JSON.stringify(type)}, which this revision of the protocol does not have`,
    })
  }
  if (!modernOnly.some((name) => members.has(name))) return text
  return Buffer.from(
    withMembers(text.toString(), {
      result: withMembers(outcomeText(message), dropped),
    }),
  )
}

const modernOnly = ['resultType', 'ttlMs', 'cacheScope'] as const
const dropped = { resultType: undefined, ttlMs: undefined, cacheScope: undefined }

/** Whether the server asks something before it answers. */
export function asksBack(message: ResponseMessage): boolean {
  if (message.outcome.type === 'error' || !message.members.has('resultType')) return false
  return stringOf(textAt(outcomeText(message), 'resultType')) === 'input_required'
}

/** A call that failed because its client could not answer the server: a tool's failure is for the model to read. */
export function unanswered(id: string, method: string, message: string): Buffer {
  if (method !== 'tools/call') return errorText(id, { code: codes.internal, message })
  const result = { content: [{ type: 'text', text: message }], isError: true }
  return resultText(id, JSON.stringify(result))
}

/** `server/discover` as the result of `initialize`. */
export function initializeResult(discovered: string, protocol: string, name: string): string {
  const capabilities = objectOf(textAt(discovered, 'capabilities'))
  const instructions = textAt(discovered, 'instructions')
  return withMembers(undefined, {
    protocolVersion: JSON.stringify(protocol),
    capabilities: capabilitiesText(discovered, capabilities),
    serverInfo:
      textAt(discovered, '_meta', serverInfoKey) ?? JSON.stringify({ name, version: '0.0.0' }),
    instructions,
  })
}

function capabilitiesText(discovered: string, capabilities: object): string {
  const text = textAt(discovered, 'capabilities') ?? '{}'
  if (!('extensions' in capabilities)) return text
  const extensions = withMembers(textAt(text, 'extensions'), { [tasksExtension]: undefined })
  return withMembers(text, { extensions })
}
