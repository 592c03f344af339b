import { jsonReply } from '../domain/local-reply.js'
import type { Reply } from '../domain/reply.js'

/** What a Streamable HTTP server answers where no child is asked: statuses, codes and words that clients know. */
export const replies = {
  sessionRequired: () => refusal(400, -32000, 'Bad Request: Mcp-Session-Id header is required'),
  sessionNotFound: () => refusal(404, -32001, 'Session not found'),
  alreadyInitialized: () => refusal(400, -32600, 'Invalid Request: Server already initialized'),
  alreadyListening: () =>
    refusal(409, -32000, 'Conflict: Only one SSE stream is allowed per session'),
  methodNotAllowed: () => refusal(405, -32000, 'Method not allowed.', { allow: 'POST' }),
  methodNotFound: (id: string) => refusal(404, -32601, 'Method not found', { id }),
  /** To a modern call where no modern server is: it makes a client fall back to the older era. */
  onlyLegacy: (requested: string, supported: readonly string[]) =>
    refusal(
      400,
      -32000,
      `Bad Request: Unsupported protocol version: ${requested} (supported versions: ${supported.join(', ')})`,
    ),
  /** To `initialize` where only modern revisions are spoken (MCP 2026-07-28). */
  onlyModern: (id: string, requested: string, supported: readonly string[]) =>
    refusal(400, -32022, `Unsupported protocol version: ${requested}`, {
      id,
      data: { supported, requested },
    }),
} as const

interface Details {
  /** As the request spells it. */
  readonly id?: string
  readonly data?: object
  readonly allow?: string
}

function refusal(status: number, code: number, message: string, details: Details = {}): Reply {
  const { id = 'null', data, allow } = details
  const error = JSON.stringify({ code, message, data })
  const text = Buffer.from(`{"jsonrpc":"2.0","error":${error},"id":${id}}`)
  return jsonReply(text, status, allow === undefined ? [] : [['allow', allow]])
}
