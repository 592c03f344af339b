import { createLine } from '../domain/hang-up.js'
import type { BridgeParts } from './bridge-parts.js'
import type { ModernRequest } from './client-terms.js'
import { drain } from './frames.js'
import { requestText } from './messages.js'
import { textAt } from './object-text.js'
import type { ServerSession } from './server-session.js'

/** Sets the level of a legacy session to the one that the request names, where the server logs at all. */
export async function matchLogLevel(
  { call, logLevel }: ModernRequest,
  session: ServerSession,
  { upstream, newId }: BridgeParts,
): Promise<void> {
  if (logLevel === undefined || logLevel === session.logLevel) return
  if (textAt(session.opening, 'capabilities', 'logging') === undefined) return
  session.logLevel = logLevel
  const id = JSON.stringify(`bridged-${newId()}`)
  const text = requestText(id, 'logging/setLevel', JSON.stringify({ level: logLevel }))
  const reply = await upstream.send(session.call(call, text), createLine())
  drain(reply.body)
}
