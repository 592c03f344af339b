import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const maxBodyBytes = 4 * 1024 * 1024
const bothTypes = 'application/json, text/event-stream'

/** The whole body, or undefined when it is larger than 4 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxBodyBytes) chunks.push(chunk) // the rest is read and dropped: a client that sends hears nothing
  }
  return bytes <= maxBodyBytes ? Buffer.concat(chunks) : undefined
}

/** `answersJson`: the answer will be JSON in any case, so a client need not accept event streams. */
export function toRequest(
  request: IncomingMessage,
  body: Buffer,
  { answersJson }: { readonly answersJson: boolean },
): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  headers.set('accept', acceptOf(request.headers.accept, answersJson))
  const method = request.method ?? 'GET'
  const init = { method, headers }
  return new Request('http://demo.invalid/mcp', method === 'POST' ? { ...init, body } : init)
}

/** MCP asks clients to name both media types; the range for any type, which curl sends, means them too. */
function acceptOf(accept: string | undefined, answersJson: boolean): string {
  if (accept === undefined) return bothTypes
  const ranges = accept.split(',').map((range) => range.split(';', 1)[0]?.trim().toLowerCase())
  const suffices = ranges.includes('*/*') || (answersJson && ranges.includes('application/json'))
  return suffices ? bothTypes : accept
}

export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  // An event stream may have nothing to say for long; its client waits for the headers.
  response.flushHeaders()
  try {
    await pipeline(answer.body ? Readable.fromWeb(answer.body) : Readable.from([]), response)
  } catch {
    response.destroy() // the client has gone, or its session was closed while it listened
  }
}

export function refusal(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status, headers })
}
