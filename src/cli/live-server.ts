import type { Call } from '../domain/call.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.js'
import { CommandError } from './command.js'
import { connectMcp, type McpClient } from './mcp-client.js'
import { refusalText } from './refusal-text.js'

/** A server that answers the calls of cases that have no response of their own. */
export interface LiveServer {
  /** Its tools, as JSON texts. */
  readonly tools: readonly string[]
  /** JSON text of its result or error. */
  answer(call: Call): Promise<{ readonly text: string; readonly isError: boolean }>
  close(): Promise<void>
}

/** @throws CommandError 1 where it cannot be reached */
export async function connectLiveServer(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<LiveServer> {
  const connected = await connectMcp(url, headers)
  if (connected.type === 'refused') {
    throw new CommandError(1, `${url.href}: ${refusalText(connected.error)}`)
  }
  const { client } = connected
  return {
    tools: await toolsOf(client),
    answer: async ({ message }) => {
      if (message.form !== 'request') return { text: '{}', isError: false }
      const { text, params } = message
      const written =
        params === undefined ? '{}' : text.toString('utf8', params.span.start, params.span.end)
      const answered = await client.request(message.method, JSON.parse(written) as JsonObject)
      if (answered.type === 'result')
        return { text: JSON.stringify(answered.result), isError: false }
      const { code, message: said, data } = answered.error
      return { text: JSON.stringify({ code, message: said, data }), isError: true }
    },
    close: () => client.close(),
  }
}

/** What a server says of its tools, page by page; nothing where it has none. */
async function toolsOf(client: McpClient): Promise<readonly string[]> {
  const tools: string[] = []
  let cursor: JsonValue | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const answered = await client.request('tools/list', cursor === undefined ? {} : { cursor })
    if (answered.type === 'error') break
    const { tools: listed, nextCursor } = answered.result
    if (Array.isArray(listed)) {
      for (const tool of listed.filter(isJsonObject)) tools.push(JSON.stringify(tool))
    }
    if (typeof nextCursor !== 'string') break
    cursor = nextCursor
  }
  return tools
}

const mostPages = 20
