import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpError, ResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { isJsonObject, type JsonObject } from '../domain/json.js'
import { CommandError } from './command.js'
import { revealRefusals, type Refusal } from './refusal-text.js'

/** A session with an MCP server, over Streamable HTTP. */
export interface McpClient {
  /**
   * What the server answers: its result as it is, or its error.
   * @throws CommandError 1 where it does not answer
   */
  request(method: string, params: JsonObject): Promise<Answered>
  close(): Promise<void>
}

export type Answered =
  | { readonly type: 'result'; readonly result: JsonObject }
  | { readonly type: 'error'; readonly error: Refusal }

export type Connected =
  | { readonly type: 'connected'; readonly client: McpClient }
  | { readonly type: 'refused'; readonly error: Refusal }

/** @throws CommandError 1 where the server cannot be reached */
export async function connectMcp(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Connected> {
  const client = new Client({ name: 'portcullis-call', version: '1' })
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers },
    fetch: revealRefusals,
  })
  const close = async (): Promise<void> => {
    await transport.terminateSession().catch(() => undefined)
    await client.close()
  }
  const failure = (thrown: unknown): { readonly type: 'error'; readonly error: Refusal } => {
    if (thrown instanceof McpError) return { type: 'error', error: thrown }
    throw new CommandError(1, failureText(thrown, url))
  }
  const request = async (method: string, params: JsonObject): Promise<Answered> => {
    try {
      const result: unknown = await client.request({ method, params }, ResultSchema)
      return { type: 'result', result: isJsonObject(result) ? result : {} }
    } catch (thrown) {
      return failure(thrown)
    }
  }
  try {
    // The SDK's own classes do not agree under exactOptionalPropertyTypes.
    await client.connect(transport)
    return { type: 'connected', client: { request, close } }
  } catch (thrown) {
    await close()
    return { type: 'refused', error: failure(thrown).error }
  }
}

function failureText(error: unknown, url: URL): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  if (reason === undefined) return `${url.href} did not carry the call out: ${message}`
  return `${url.href} cannot be reached (${reason}); start a gateway with "portcullis serve --demo", or name another with --url`
}

/** @throws CommandError 2 */
export function mcpEndpoint(given: string): URL {
  if (URL.canParse(given) && /^https?:/i.test(given)) return new URL(given)
  throw new CommandError(2, `--url ${given} is no http or https URL`)
}

/** @throws CommandError 2 */
export function requestHeaders(given: readonly string[]): Record<string, string> {
  const pairs = given.map((header) => {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)$/.exec(header) ?? []
    if (name !== undefined && value !== undefined) return [name, value] as const
    throw new CommandError(2, "--header has to be written as 'Name: value'")
  })
  return Object.fromEntries(pairs)
}
