import { z } from 'zod'
import type { UpstreamAuth } from '../config/config.js'

/** Opens an MCP session at the upstream and ends it again; says what went wrong, or undefined where nothing did. */
export async function probeUpstream(url: string, auth: UpstreamAuth): Promise<string | undefined> {
  const credentials = auth.type === 'static' ? auth.headers : {}
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...credentials,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(initialize),
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (await speaksModern(response)) return undefined
    await response.body?.cancel()
    if (!response.ok) return `answers "initialize" with HTTP ${response.status}`
    await endSession(url, credentials, response.headers.get('mcp-session-id'))
    return undefined
  } catch (error) {
    return `cannot be reached (${reasonOf(error)})`
  }
}

const deadlineMs = 5_000

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'portcullis-check', version: '1' },
  },
}

/** A server that has no sessions any more refuses this revision, in the words of the revisions that it has. */
async function speaksModern(response: Response): Promise<boolean> {
  if (response.status !== 400) return false
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return unsupportedVersion.safeParse(answer).success
}

const unsupportedVersion = z.object({ error: z.object({ code: z.literal(-32022) }) })

async function endSession(
  url: string,
  credentials: Readonly<Record<string, string>>,
  session: string | null,
): Promise<void> {
  if (session === null) return
  const headers = { ...credentials, 'mcp-session-id': session }
  const ending = fetch(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(deadlineMs) })
  // A server need not know DELETE; its session then ends by itself.
  await ending.then((response) => response.body?.cancel()).catch(() => undefined)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${deadlineMs / 1000} s`
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause ? String(cause.code) : cause.message
}
