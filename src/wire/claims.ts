import type { NotificationMessage, RequestMessage } from '../domain/message.js'
import type { ClaimedClient } from '../domain/session.js'
import { readClaimedClient } from './operation.js'

/** Claims outlive the message that made them, in sessions and records; no honest one is longer. */
const keptLength = 256

/** What a client says of itself, no longer than can be kept. */
export function claimedClient(
  message: RequestMessage | NotificationMessage,
): ClaimedClient | undefined {
  const claimed = readClaimedClient(message)
  if (claimed === undefined) return undefined
  return { name: cutClaim(claimed.name), version: cutClaim(claimed.version) }
}

// A slice alone would keep the whole text alive that it was cut from.
export function cutClaim(text: string): string {
  return text.length <= keptLength
    ? text
    : Buffer.from(text.slice(0, keptLength), 'utf16le').toString('utf16le')
}
