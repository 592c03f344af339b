import type { Call } from '../domain/call.js'
import type { Member } from './member.js'
import type { KeptSession } from './session-memory.js'

/** How many settings of one server's session are kept, and bytes of each. */
const mostSettings = 100
const longestSetting = 4096

/**
 * Keeps a request by which the client set something in the server's session, so that it can be said again to another
 * session in its place. Gives by how many bytes there is more to keep; undefined where it is too much.
 */
export function keepSetting(kept: KeptSession, call: Call, member: Member): number | undefined {
  const { message, operation } = call
  if (message.form !== 'request') return 0
  const settings = kept.settings.get(member.name) ?? new Map<string, Buffer>()
  kept.settings.set(member.name, settings)
  const uri = operation.type === 'resource' ? operation.uri : ''
  switch (message.method) {
    case 'resources/unsubscribe':
      return settings.delete(uri) ? -longestSetting : 0
    case 'resources/subscribe':
    case 'logging/setLevel': {
      const text = member.towardsServer(message)
      if (text.length > longestSetting) return undefined
      const isNew = !settings.has(uri)
      settings.set(uri, Buffer.from(text))
      if (settings.size > mostSettings) return undefined
      return isNew ? longestSetting : 0
    }
    default:
      return 0
  }
}
