import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, McpError } from '@modelcontextprotocol/sdk/types.js'
import { policyInput } from '../domain/policy-input.js'
import { toolArguments } from './arguments.js'
import { CommandError, parseCommandLine } from './command.js'
import { localCall } from './local-call.js'
import { readBundleFile } from './bundle-file.js'
import { compileLocally, judgeLocally } from './local-policy.js'
import { refusalText, revealRefusals } from './refusal-text.js'
import { resultText } from './result-text.js'
import { identityHeaders, readUserContext } from './user-context.js'
import type { JsonObject } from '../domain/json.js'
import type { Principal } from '../domain/principal.js'
import type { Command, ExitCode, Terminal } from './command.js'
import type { ToolResult } from './result-text.js'

const options = {
  param: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'An argument: JSON where it is JSON, else a text; NAME:=JSON takes JSON only',
  },
  'user-context': {
    type: 'string',
    value: 'JSON|@FILE',
    help: 'Who calls: {"id", "roles", "teams", "claims"}; other members are claims too',
  },
  url: {
    type: 'string',
    value: 'URL',
    help: 'The MCP endpoint; by default http://127.0.0.1:8080/mcp',
  },
  header: {
    type: 'string',
    multiple: true,
    value: "'NAME: VALUE'",
    help: 'One more request header',
  },
  bundle: {
    type: 'string',
    value: 'FILE',
    help: 'Judge the call with this bundle, here and without a server (mcp/pre only)',
  },
  json: { type: 'boolean', help: 'Print the whole result as JSON' },
} as const

export const call: Command = {
  name: 'call',
  summary: 'Call one tool and print its result',
  synopsis:
    "TOOL [--param NAME=VALUE]… [--user-context JSON|@FILE] [--url URL] [--header 'NAME: VALUE'] [--bundle FILE] [--json]",
  options,
  details: [
    '--user-context is sent in X-Forwarded-User, -Roles, -Teams and -Claims. A gateway believes them from',
    'its TRUSTED_PROXIES only; from anyone else it removes them. Exit code 1 when the call is refused or fails.',
  ].join('\n'),
  async run(commandLine, { terminal }) {
    const { values, positionals } = parseCommandLine(commandLine, options, ['TOOL'])
    const [name = ''] = positionals
    const user = readUserContext(values['user-context'])
    const tool = { name, args: toolArguments(values.param ?? []) }
    if (values.bundle !== undefined) return judge(values.bundle, tool, user, terminal)
    const headers = { ...identityHeaders(user), ...extraHeaders(values.header ?? []) }
    const url = endpoint(values.url ?? 'http://127.0.0.1:8080/mcp')
    return callTool({ url, headers, tool, asJson: values.json === true, terminal })
  },
}

interface Tool {
  readonly name: string
  readonly args: JsonObject
}

async function judge(
  bundle: string,
  { name, args }: Tool,
  principal: Principal,
  terminal: Terminal,
): Promise<ExitCode> {
  const policy = await compileLocally(await readBundleFile(bundle))
  const params = JSON.stringify({ name, arguments: args })
  const judged = localCall({ kind: 'tools/call', params, principal })
  const input = policyInput({ call: judged, hook: 'pre', time: judged.time, inputHeaders: 'all' })
  const { decision, report } = judgeLocally(policy, input)
  terminal.out(`${JSON.stringify(report, undefined, 2)}\n`)
  return decision.effect === 'deny' || decision.effect === 'ask' ? 1 : 0
}

async function callTool({
  url,
  headers,
  tool,
  asJson,
  terminal,
}: {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly tool: Tool
  readonly asJson: boolean
  readonly terminal: Terminal
}): Promise<ExitCode> {
  const client = new Client({ name: 'portcullis-call', version: '1' })
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers },
    fetch: revealRefusals,
  })
  try {
    // The SDK's own classes do not agree under exactOptionalPropertyTypes.
    await client.connect(transport)
    const request = {
      method: 'tools/call',
      params: { name: tool.name, arguments: tool.args },
    } as const
    return print(await client.request(request, CallToolResultSchema), asJson, terminal)
  } catch (error) {
    if (!(error instanceof McpError)) throw new CommandError(1, failureText(error, url))
    terminal.err(refusalText(error))
    return 1
  } finally {
    await transport.terminateSession().catch(() => undefined)
    await client.close()
  }
}

function print(result: ToolResult, asJson: boolean, terminal: Terminal): ExitCode {
  const text = asJson ? JSON.stringify(result, undefined, 2) : resultText(result)
  if (result.isError === true && !asJson) terminal.err(`${text}\n`)
  else terminal.out(`${text}\n`)
  return result.isError === true ? 1 : 0
}

function failureText(error: unknown, url: URL): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  if (reason === undefined) return `${url.href} did not carry the call out: ${message}`
  return `${url.href} cannot be reached (${reason}); start a gateway with "portcullis serve --demo", or name another with --url`
}

function endpoint(given: string): URL {
  if (URL.canParse(given) && /^https?:/i.test(given)) return new URL(given)
  throw new CommandError(2, `--url ${given} is no http or https URL`)
}

function extraHeaders(given: readonly string[]): Record<string, string> {
  const pairs = given.map((header) => {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)$/.exec(header) ?? []
    if (name !== undefined && value !== undefined) return [name, value] as const
    throw new CommandError(2, "--header has to be written as 'Name: value'")
  })
  return Object.fromEntries(pairs)
}
