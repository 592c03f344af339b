import type { Call } from '../domain/call.js'
import type { Member } from './member.js'
import type { KeptSession } from './session-memory.js'

/** How much one server's session may be set, and still be set again: requests, and bytes of each. */
const mostSettings = 100
const longestSetting = 4096

/**
 * Keeps a request by which the client set something in the server's session, so that it can be said again to another
 * session in its place. False where that is too much to be kept.
 */
export function keepSetting(kept: KeptSession, call: Call, member: Member): boolean {
  const { message, operation } = call
  if (message.form !== 'request') return true
  const settings = kept.settings.get(member.name) ?? new Map<string, Buffer>()
  kept.settings.set(member.name, settings)
  const uri = operation.type === 'resource' ? operation.uri : ''
  switch (message.method) {
    case 'resources/unsubscribe':
      settings.delete(uri)
      return true
    case 'resources/subscribe':
    case 'logging/setLevel': {
      const text = member.towardsServer(message)
      if (text.length > longestSetting) return false
      settings.set(uri, Buffer.from(text))
      return settings.size <= mostSettings
    }
    default:
      return true
  }
}
